/// The checksum of Modbus RTU: polynomial 0xA001 reflected, start 0xFFFF, low byte first (MODBUS over Serial Line
/// V1.02, clause 6.2.2).
public enum CRC16 {
  private static let table: [UInt16] = (0..<256).map { index in
    (0..<8).reduce(UInt16(index)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xA001 : crc >> 1 }
  }

  public static func checksum(_ bytes: some Sequence<UInt8>) -> UInt16 {
    bytes.reduce(0xFFFF) { crc, byte in crc >> 8 ^ table[Int(UInt8(crc & 0xFF) ^ byte)] }
  }

  /// Whether the last two bytes are the checksum of those before them.
  public static func isValid(_ frame: ArraySlice<UInt8>) -> Bool {
    guard frame.count >= 4 else { return false }
    return checksum(frame) == 0  // The checksum over a frame with its own checksum appended is 0.
  }
}
