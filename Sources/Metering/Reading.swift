/// Whether a reading may be used.
public enum Quality: String, Sendable, Codable, CaseIterable {
  case good, uncertain, bad
}

/// A value with everything that may be said about it: the columns of every query and file.
public struct Reading: Hashable, Sendable {
  public var time: Timestamp
  public var due: Timestamp?
  public var received: Timestamp
  public var meterID: String
  public var quantity: String
  /// Nil where there is none; never invented.
  public var value: ExactDecimal?
  /// What a point of kind `text` says, in place of a value.
  public var text: String?
  public var unit: String
  public var kind: Quantity.Kind
  public var quality: Quality
  /// Why, in the words of the data model; empty for a plain good reading.
  public var flags: [String]
  public var seq: UInt64
  /// The slot's place in a range of missed slots, or the object's in its ASDU; else 0.
  public var index: UInt32
  /// The point's bytes in wire order, of an information object those after its address; empty where there are none.
  public var raw: [UInt8]
  /// Of an information object: how it came.
  public var origin: ObjectOrigin?

  public init(
    time: Timestamp, due: Timestamp?, received: Timestamp, meterID: String, quantity: String, value: ExactDecimal?,
    unit: String, kind: Quantity.Kind, quality: Quality, flags: [String], seq: UInt64, index: UInt32 = 0,
    raw: [UInt8] = []
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

  /// What stands in the column `raw`: the bytes in hexadecimal; of an information object `type:cause:bytes`.
  public var rawText: String {
    let hex = raw.reduce(into: "") { text, byte in text += (byte < 16 ? "0" : "") + String(byte, radix: 16) }
    return origin.map { "\($0.type):\($0.cause):\(hex)" } ?? hex
  }

  /// What stands in the column `value`; nil where there is nothing.
  public var shown: String? { value?.description ?? text }
}

/// How an information object came (IEC 60870-5-101 clauses 7.2.1 and 7.2.3).
public struct ObjectOrigin: Hashable, Sendable {
  /// Type identification.
  public var type: UInt8
  /// Cause of transmission, 0 to 63.
  public var cause: UInt8

  public init(type: UInt8, cause: UInt8) {
    self.type = type
    self.cause = cause
  }
}
