/// One ASDU as it came (IEC 60870-5-101 clause 7.2), of any type, sound or not.
public struct ReceivedASDU: Hashable, Sendable {
  /// From the type identification to the last octet; at most 249.
  public var bytes: [UInt8]
  /// Which of the station's addresses it came from, from 0.
  public var link: UInt8
  /// Places of objects that had been received just before the last change of the connection: sent again.
  public var repeated: [UInt8]

  public init(bytes: [UInt8], link: UInt8 = 0, repeated: [UInt8] = []) {
    self.bytes = bytes
    self.link = link
    self.repeated = repeated
  }
}

/// How a general or counter interrogation of one common address ended.
public struct Interrogation: Hashable, Sendable {
  public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    case general = 0
    case counter = 1
  }

  public enum Outcome: Hashable, Sendable {
    /// Terminated by the station, or everything came.
    case complete
    /// The station refused, with this cause of transmission.
    case refused(cause: UInt8)
    case timeout
    case linkDown
    /// The one before it was still going on.
    case late
    /// Totals came, but the freeze before was not confirmed: of which time they are is not known.
    case freezeUnconfirmed
    /// It could not be sent.
    case notSent

    /// A stable number for the archive: 0…5, refusals 256 + cause.
    public var code: UInt16 {
      switch self {
      case .complete: 0
      case .timeout: 1
      case .linkDown: 2
      case .late: 3
      case .freezeUnconfirmed: 4
      case .notSent: 5
      case .refused(let cause): 256 + UInt16(cause)
      }
    }

    public init?(code: UInt16) {
      switch code {
      case 0: self = .complete
      case 1: self = .timeout
      case 2: self = .linkDown
      case 3: self = .late
      case 4: self = .freezeUnconfirmed
      case 5: self = .notSent
      case 256...511: self = .refused(cause: UInt8(code - 256))
      default: return nil
      }
    }

    /// What a reading without value carries because of it; `not-reported` where the station left an object out.
    public var flags: [String] {
      switch self {
      case .complete, .freezeUnconfirmed: ["not-reported"]
      case .timeout: ["timeout"]
      case .linkDown: ["link-down"]
      case .late, .notSent: ["skipped"]
      case .refused(let cause): ["refused-\(cause)"]
      }
    }
  }

  public var kind: Kind
  public var commonAddress: UInt16
  /// Qualifier of the request: 20–36 of a general one, 1–5 of one for counters.
  public var qualifier: UInt8
  public var outcome: Outcome
  /// Addresses of the objects that were wanted and did not come while it lasted, ascending; nil: none of them came.
  public var absent: [UInt32]?

  public init(kind: Kind, commonAddress: UInt16, qualifier: UInt8, outcome: Outcome, absent: [UInt32]?) {
    self.kind = kind
    self.commonAddress = commonAddress
    self.qualifier = qualifier
    self.outcome = outcome
    self.absent = absent
  }
}
