/// An information object that a station sends and no point takes.
public struct StationObjectStatus: Codable, Hashable, Sendable {
  /// Common address of the ASDU.
  public var commonAddress: UInt16
  /// Information object address.
  public var objectAddress: UInt32
  /// Type identification of the newest one, such as `M_ME_NC_1`.
  public var type: String
  /// Times that it came since the start of the daemon.
  public var count: UInt64
  /// What the newest one said, for people; null where its type has no value.
  @OrNull public var lastValue: String?
  /// When the newest one came, RFC 3339.
  public var lastAt: String

  /// Cuts a `lastValue` of more than 100 characters.
  public init(
    commonAddress: UInt16, objectAddress: UInt32, type: String, count: UInt64, lastValue: String? = nil, lastAt: String
  ) {
    self.commonAddress = commonAddress
    self.objectAddress = objectAddress
    self.type = type
    self.count = count
    self.lastValue = lastValue.map { StationStatus.cut($0, to: 100) }
    self.lastAt = lastAt
  }

  enum CodingKeys: String, CodingKey {
    case commonAddress = "common_address"
    case objectAddress = "object_address"
    case type, count
    case lastValue = "last_value"
    case lastAt = "last_at"
  }
}
