/// Finds the requests in the bytes of a Modbus RTU line, as a slave does.
///
/// Specification: MODBUS over Serial Line V1.02, clause 2.5.1. A request's length follows from its function; what does
/// not add up is dropped until the line is silent, which the caller has to notice.
struct RTUFramer {
  /// A request with a right CRC, all bytes of it.
  typealias Frame = [UInt8]

  static let maximumLength = 256
  private var buffer: [UInt8] = []
  private var isDropping = false

  /// Whether the next silence means something.
  var awaitsSilence: Bool { isDropping || !buffer.isEmpty }

  mutating func append(_ bytes: some Sequence<UInt8>) -> [Frame] {
    if isDropping { return [] }
    buffer += bytes
    var frames: [Frame] = []
    while let length = expectedLength, buffer.count >= length {
      let frame = Array(buffer[..<length])
      guard RTUFramer.isIntact(frame) else {
        drop()
        return frames
      }
      buffer.removeFirst(length)
      frames.append(frame)
    }
    if buffer.count > RTUFramer.maximumLength { drop() }
    return frames
  }

  /// The line has been silent: what has come is a whole frame of an unknown function, or broken.
  mutating func silence() -> Frame? {
    defer {
      buffer = []
      isDropping = false
    }
    return expectedLength == nil && RTUFramer.isIntact(buffer) ? buffer : nil
  }

  private mutating func drop() {
    buffer = []
    isDropping = true
  }

  /// Nil where it is not known (yet).
  private var expectedLength: Int? {
    guard buffer.count >= 2 else { return nil }
    switch buffer[1] {
    case 1...6: return 8
    case 7, 11, 12, 17: return 4
    case 15, 16: return buffer.count > 6 ? 9 + Int(buffer[6]) : nil
    case 43: return buffer.count > 2 && buffer[2] == 14 ? 7 : nil
    default: return nil
    }
  }

  static func isIntact(_ frame: [UInt8]) -> Bool { frame.count >= 4 && checksum(frame) == 0 }

  /// The frame of a unit and a PDU.
  static func frame(unit: UInt8, pdu: [UInt8]) -> Frame {
    let body = [unit] + pdu
    let crc = checksum(body)
    return body + [UInt8(crc & 0xFF), UInt8(crc >> 8)]
  }

  /// CRC-16 of the specification's clause 6.2.2; 0 over a frame that ends with its own.
  static func checksum(_ bytes: some Sequence<UInt8>) -> UInt16 {
    var crc: UInt16 = 0xFFFF
    for byte in bytes {
      crc ^= UInt16(byte)
      for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0xA001 }
    }
    return crc
  }
}
