/// One transaction on a serial line, without I/O.
///
/// Looks for the reply in everything that arrives, so that junk before it, or a foreign frame, does not hide it: only a
/// run of bytes with the right unit id, function, length and CRC counts.
/// Source: MODBUS over Serial Line V1.02, clauses 2.5.1 and 6.2.2.
public struct RTUTransaction: Sendable {
  /// The largest ADU: unit id 1 + PDU 253 + CRC 2.
  public static let maximumFrame = 256
  /// A bound on what is kept while looking for the reply; a line that says more than that is not answering us.
  static let maximumBuffer = 1024

  public let request: ReadRequest
  public let unitID: UInt8
  private var buffer: [UInt8] = []

  public init(request: ReadRequest, unitID: UInt8) {
    self.request = request
    self.unitID = unitID
  }

  /// Length of a good reply: unit id, function, byte count, data, CRC.
  public var replyLength: Int { 5 + request.dataLength }

  /// Unit id and PDU; the CRC is left to the one who sends (libmodbus adds it).
  public func append(to bytes: inout [UInt8]) {
    bytes.append(unitID)
    request.appendPDU(to: &bytes)
  }

  /// Takes the next bytes of the line; the result once the reply is complete.
  public mutating func receive(_ bytes: some Sequence<UInt8>) -> ReadResult? {
    buffer.append(contentsOf: bytes)
    if buffer.count > RTUTransaction.maximumBuffer {
      buffer.removeFirst(buffer.count - RTUTransaction.maximumBuffer)
    }
    var start = 0
    while start + 5 <= buffer.count {
      defer { start += 1 }
      guard buffer[start] == unitID else { continue }
      if buffer[start + 1] == request.function.rawValue | 0x80 {
        if isFrame(start, length: 5) { return .exception(buffer[start + 2]) }
      } else if buffer[start + 1] == request.function.rawValue, Int(buffer[start + 2]) == request.dataLength {
        if isFrame(start, length: replyLength) {
          return .data(Array(buffer[(start + 3)..<(start + 3 + request.dataLength)]))
        }
      }
    }
    return nil
  }

  /// What to say when the deadline passed without a reply.
  public var resultAtDeadline: ReadResult {
    if buffer.isEmpty { return .failed(.timeout) }
    let bytes = Array(buffer.prefix(260))
    if buffer.count >= 5, CRC16.isValid(buffer[...]) { return .failed(.malformed(bytes)) }
    return buffer.count >= 5 ? .failed(.crc(bytes)) : .failed(.malformed(bytes))
  }

  private func isFrame(_ start: Int, length: Int) -> Bool {
    start + length <= buffer.count && CRC16.isValid(buffer[start..<(start + length)])
  }
}

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
