extension Definition {
  /// What was declared to hold of a meter from a time on, be that past or to come: `[[meter.change]]`.
  public struct Change: Hashable, Sendable, Codable {
    public var validFrom: Timestamp
    /// Nil: as before.
    public var ctRatio: ExactDecimal?
    public var vtRatio: ExactDecimal?
    public var reason: String

    public init(
      validFrom: Timestamp, ctRatio: ExactDecimal? = nil, vtRatio: ExactDecimal? = nil, reason: String
    ) {
      self.validFrom = validFrom
      self.ctRatio = ctRatio
      self.vtRatio = vtRatio
      self.reason = reason
    }
  }

  public func applying(_ change: Change) -> Definition {
    var definition = self
    if let ratio = change.ctRatio { definition.ctRatio = ratio }
    if let ratio = change.vtRatio { definition.vtRatio = ratio }
    return definition
  }

  /// With every change that holds at `time`.
  public func applying(_ changes: [Change], at time: Timestamp) -> Definition {
    changes.filter { $0.validFrom <= time }.sorted { $0.validFrom < $1.validFrom }.reduce(self) { $0.applying($1) }
  }
}
