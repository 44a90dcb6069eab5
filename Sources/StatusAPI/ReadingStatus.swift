import FoundationEssentials

/// One reading, with the same columns as everywhere in meterd (data model, "One list of columns everywhere").
public struct ReadingStatus: Codable, Hashable, Sendable {
  /// When the value was true at the meter, RFC 3339.
  public var time: String
  /// The slot of the schedule, RFC 3339; null for spontaneous data.
  @OrNull public var due: String?
  /// The gateway's clock at arrival, RFC 3339.
  public var received: String
  public var meterID: String
  public var quantity: String
  /// Decimal text such as `1600.57`, in `unit`; nil where the reading has no value. In JSON it is a number with exactly
  /// these digits (less trailing zeros of the fraction); only text of more than 38 digits stays a string, and what a
  /// reading of kind `text` says, which may look like a number.
  public var value: String?
  public var unit: String
  /// `counter`, `gauge`, `interval` or `text`.
  public var kind: String
  /// `good`, `uncertain` or `bad`.
  public var quality: String
  /// Why the quality is what it is: `timeout`, `exception-2`, `carry`, …
  public var flags: [String]
  /// `seq` of the observation that the reading was decoded from.
  public var seq: UInt64
  /// Place of the object in its ASDU, else 0.
  public var index: UInt32
  /// The bytes as the meter sent them, lower-case hexadecimal without spaces.
  public var raw: String

  public init(
    time: String, due: String? = nil, received: String, meterID: String, quantity: String, value: String? = nil,
    unit: String, kind: String, quality: String, flags: [String] = [], seq: UInt64, index: UInt32 = 0, raw: String = ""
  ) {
    self.time = time
    self.due = due
    self.received = received
    self.meterID = meterID
    self.quantity = quantity
    self.value = value
    self.unit = unit
    self.kind = kind
    self.quality = quality
    self.flags = flags
    self.seq = seq
    self.index = index
    self.raw = raw
  }
}

extension ReadingStatus {
  enum CodingKeys: String, CodingKey {
    case time, due, received
    case meterID = "meter_id"
    case quantity, value, unit, kind, quality, flags, seq, index, raw
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      time: container.decode(String.self, forKey: .time),
      due: container.decodeIfPresent(String.self, forKey: .due),
      received: container.decode(String.self, forKey: .received),
      meterID: container.decode(String.self, forKey: .meterID),
      quantity: container.decode(String.self, forKey: .quantity),
      value: Self.decodeValue(container),
      unit: container.decode(String.self, forKey: .unit),
      kind: container.decode(String.self, forKey: .kind),
      quality: container.decode(String.self, forKey: .quality),
      flags: container.decode([String].self, forKey: .flags),
      seq: container.decode(UInt64.self, forKey: .seq),
      index: container.decode(UInt32.self, forKey: .index),
      raw: container.decode(String.self, forKey: .raw))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(time, forKey: .time)
    try container.encode(_due, forKey: .due)
    try container.encode(received, forKey: .received)
    try container.encode(meterID, forKey: .meterID)
    try container.encode(quantity, forKey: .quantity)
    if kind != "text", let value, let number = Self.exactNumber(value) {
      try container.encode(number, forKey: .value)
    } else {
      try container.encode(OrNull(wrappedValue: value), forKey: .value)
    }
    try container.encode(unit, forKey: .unit)
    try container.encode(kind, forKey: .kind)
    try container.encode(quality, forKey: .quality)
    try container.encode(flags, forKey: .flags)
    try container.encode(seq, forKey: .seq)
    try container.encode(index, forKey: .index)
    try container.encode(raw, forKey: .raw)
  }

  private static func decodeValue(_ container: KeyedDecodingContainer<CodingKeys>) throws -> String? {
    guard container.contains(.value), try !container.decodeNil(forKey: .value) else { return nil }
    if let text = try? container.decode(String.self, forKey: .value) { return text }
    // Decimal reads the digits themselves; Double would turn 0.57 into the nearest binary fraction.
    return try container.decode(Decimal.self, forKey: .value).description
  }

  /// The text as a number that holds each of its digits, or nil when it is no plain decimal or has too many of them.
  private static func exactNumber(_ text: String) -> Decimal? {
    // Decimal keeps 38 digits and rounds the rest away without a word.
    guard text.utf8.count(where: { (48...57).contains($0) }) <= 38,
      text.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") })
    else { return nil }
    guard let number = Decimal(string: text), number.isFinite else { return nil }
    return number
  }
}
