import Metering

/// The corrections of an archive: which of them hold.
public struct Corrections: Sendable {
  /// In the order in which they were recorded.
  public private(set) var all: [Correction] = []
  /// The meter of each, by id.
  private var meters: [String: String] = [:]

  /// None.
  public init() {}

  /// - Throws: for one that cannot be, or does not fit those before it; see `add`.
  public init(_ list: [Correction]) throws(CorrectionFault) {
    for correction in list { try add(correction) }
  }

  /// Appends one.
  /// - Throws: where a field cannot be, where its id is taken, where it withdraws what is not there or is of another meter, or
  ///   where a given total overlaps another one of the series.
  public mutating func add(_ correction: Correction) throws(CorrectionFault) {
    try correction.validate()
    func refuse(_ what: String) -> CorrectionFault { CorrectionFault(correction.id, what) }
    if meters[correction.id] != nil { throw refuse("that id is taken: choose another") }
    if case .withdraw(let id) = correction.action {
      guard let meterID = meters[id] else { throw refuse("there is no correction '\(id)' to withdraw") }
      guard meterID == correction.meterID else {
        throw refuse("'\(id)' is of meter '\(meterID)', not of '\(correction.meterID)'")
      }
    }
    if case .substituteTotal(let from, let to, _) = correction.action, let quantity = correction.quantity,
      let other = inForce().first(where: {
        guard case .substituteTotal(let otherFrom, let otherTo, _) = $0.action else { return false }
        return $0.concerns(correction.meterID, quantity) && from < otherTo && otherFrom < to
      })
    {
      throw refuse("'\(other.id)' gives a total for part of that time already: withdraw it first")
    }
    all.append(correction)
    meters[correction.id] = correction.meterID
  }

  /// Those that hold, as of a time: recorded by then, and not withdrawn by one that holds itself.
  public func inForce(asOf: Timestamp = .distantFuture) -> [Correction] {
    var withdrawn: Set<String> = []
    var kept: [Correction] = []
    for correction in all.reversed() where correction.recordedAt <= asOf && !withdrawn.contains(correction.id) {
      if case .withdraw(let id) = correction.action { withdrawn.insert(id) } else { kept.append(correction) }
    }
    return kept.reversed()
  }

  /// What holds of one series, ready to be applied.
  public func of(_ meterID: String, _ quantity: String, asOf: Timestamp = .distantFuture) -> SeriesCorrections {
    SeriesCorrections(
      meterID: meterID, quantity: quantity, inForce(asOf: asOf).filter { $0.concerns(meterID, quantity) })
  }
}
