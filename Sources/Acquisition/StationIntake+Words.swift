import IEC104
import Metering

extension StationIntake {
  static func outcome(_ outcome: Procedures.Outcome) -> Interrogation.Outcome {
    switch outcome {
    case .complete: .complete
    case .refused(let cause, _): .refused(cause: cause.rawValue)
    case .timedOut: .timeout
    case .linkLost: .linkDown
    case .alreadyRunning: .late
    case .freezeUnconfirmed: .freezeUnconfirmed
    case .notSent: .notSent
    }
  }
}

extension StationCounts {
  mutating func count(_ outcome: Procedures.Outcome) {
    switch outcome {
    case .complete, .freezeUnconfirmed: complete += 1
    case .timedOut: timeouts += 1
    case .refused: refusals += 1
    case .linkLost: break
    case .alreadyRunning, .notSent: return
    }
    requests += 1
  }
}

extension CloseReason {
  /// The other side did what the standard forbids.
  var isBrokenRule: Bool {
    switch self {
    case .startByte, .length, .lengthOfControlFrame, .controlField, .noASDU, .sequenceNumber, .acknowledgement,
      .dataWhileStopped:
      true
    default: false
    }
  }
}

extension TypeID {
  /// M_IT_NA_1, M_IT_TA_1, M_IT_TB_1: answers to counter interrogations.
  var isIntegratedTotal: Bool { rawValue == 15 || rawValue == 16 || rawValue == 37 }
}

extension StationIntake.Key: Comparable {
  static func < (a: Self, b: Self) -> Bool {
    (a.kind.rawValue, a.commonAddress) < (b.kind.rawValue, b.commonAddress)
  }

  /// `general 47`
  var name: String { "\(kind) \(commonAddress)" }
}
