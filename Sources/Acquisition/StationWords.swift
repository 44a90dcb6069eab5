import IEC104

/// Procedures and their ends, for people.
public enum StationWords {
  /// What went wrong with a request, and what to do; nil where nothing did, or the link's own error says it.
  public static func words(of request: Procedures.Request, _ outcome: Procedures.Outcome) -> String? {
    let what = "\(name(of: request.kind)) of common address \(request.commonAddress)"
    switch outcome {
    case .complete, .linkLost, .alreadyRunning: return nil
    case .notSent(let why): return "\(what) was not sent: \(why)"
    case .freezeUnconfirmed:
      return "\(what): the station did not confirm the freeze; of which time the totals are is not known"
    case .timedOut(let awaited): return "\(what): \(awaited) did not come in time"
    case .refused(.activationConfirmation, _), .refused(.activationTermination, _):
      let words = "the station refused: negative confirmation without a cause; it may be busy, or the command locked"
      return "\(what): \(words)"
    case .refused(let cause, let isNegative):
      return "\(what): the station refused: \(cause.words)\(isNegative ? "" : " (with P/N 0)"); \(advice(cause))"
    }
  }

  public static func name(of kind: Procedures.Kind) -> String {
    switch kind {
    case .general(20): "general interrogation"
    case .general(let qualifier): "interrogation of group \(Int(qualifier) - 20)"
    case .counter(_, 5): "counter interrogation"
    case .counter(_, let qualifier): "counter interrogation of group \(qualifier)"
    case .read(let address): "reading object \(address)"
    case .clockSynchronization: "clock synchronization"
    case .test: "test command"
    }
  }

  private static func advice(_ cause: CauseOfTransmission) -> String {
    switch cause {
    case .unknownType: "it does not know this command: ask for its interoperability list"
    case .unknownCause: "it does not know this cause of transmission: compare cause_size and originator"
    case .unknownCommonAddress: "compare common_address with the station's setting"
    case .unknownObjectAddress: "compare the object address with the station's list"
    default: "it may be busy, or the command may be locked there"
    }
  }
}
