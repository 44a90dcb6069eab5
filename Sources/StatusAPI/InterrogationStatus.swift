/// How the last interrogation of one kind and common address ended.
public struct InterrogationStatus: Codable, Hashable, Sendable {
  public enum Kind: String, Codable, Hashable, Sendable {
    /// C_IC_NA_1, station or groups.
    case general
    /// C_CI_NA_1, with the freeze before it where that is configured.
    case counter
  }

  public var kind: Kind
  /// Common address of the ASDU.
  public var commonAddress: UInt16
  /// The slot that it was for, RFC 3339; null for one at the start of a connection.
  @OrNull public var slot: String?
  /// When it ended, RFC 3339.
  public var endedAt: String
  /// `complete`, `timeout`, `link-down`, `late`, `freeze-unconfirmed`, `not-sent`, or `refused-` and the cause of
  /// transmission, such as `refused-46`.
  public var outcome: String
  /// Objects of points that did not come.
  public var absent: Int

  public init(
    kind: Kind, commonAddress: UInt16, slot: String? = nil, endedAt: String, outcome: String, absent: Int = 0
  ) {
    self.kind = kind
    self.commonAddress = commonAddress
    self.slot = slot
    self.endedAt = endedAt
    self.outcome = outcome
    self.absent = absent
  }

  enum CodingKeys: String, CodingKey {
    case kind
    case commonAddress = "common_address"
    case slot
    case endedAt = "ended_at"
    case outcome, absent
  }

  var isComplete: Bool { outcome == "complete" }
  /// Complete, and everything came that points want.
  var isWhole: Bool { isComplete && absent == 0 }
}

extension InterrogationStatus.Kind {
  var order: Int { self == .general ? 0 : 1 }
}
