import Metering

/// A serial-number point that changed by itself: somewhere in (after, by] another device took the place.
public struct SerialChange: Hashable, Sendable {
  /// When the old number was read last.
  public var after: Timestamp
  /// When the new number was read first.
  public var by: Timestamp
  public var oldSerial: String
  public var newSerial: String

  public init(after: Timestamp, by: Timestamp, oldSerial: String, newSerial: String) {
    self.after = after
    self.by = by
    self.oldSerial = oldSerial
    self.newSerial = newSerial
  }
}

/// Finds the changes in a meter's `serial_number`. Feed its readings in time order.
public struct SerialNumberWatch: Sendable {
  private var last: (serial: String, seen: Timestamp)?

  public init() {}

  /// The change that a reading reveals.
  public mutating func see(_ reading: Reading) -> SerialChange? {
    // A register that is not set up reads as nothing, or as zeros; neither is another device.
    guard reading.quality != .bad, let serial = reading.shown, serial.contains(where: { $0 != "0" && $0 != " " })
    else { return nil }
    defer { last = (serial, reading.time) }
    guard let last, last.serial != serial else { return nil }
    return SerialChange(after: last.seen, by: reading.time, oldSerial: last.serial, newSerial: serial)
  }
}
