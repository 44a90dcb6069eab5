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

  public let query: Query
  public let unitID: UInt8
  /// The request as it goes out: unit id, PDU, CRC.
  public let frame: [UInt8]
  private let echoes: Bool
  private let doubtsExceptions: Bool
  private var doubtful: UInt8?
  private var buffer: [UInt8] = []

  /// - Parameters:
  ///   - echoes: the adapter hears what it sends: the request comes back before the reply.
  ///   - doubtsExceptions: an exception could be the late answer to an earlier request of the same function: it counts
  ///     only when nothing better comes before the deadline.
  public init(query: Query, unitID: UInt8, echoes: Bool = false, doubtsExceptions: Bool = false) {
    self.query = query
    self.unitID = unitID
    self.echoes = echoes
    self.doubtsExceptions = doubtsExceptions
    var frame: [UInt8] = []
    frame.reserveCapacity(8)
    frame.append(unitID)
    query.appendPDU(to: &frame)
    let crc = CRC16.checksum(frame)
    frame.append(UInt8(crc & 0xFF))
    frame.append(UInt8(crc >> 8))
    self.frame = frame
  }

  /// Bytes of the longest good reply: unit id, PDU, CRC.
  public var longestReply: Int { 3 + query.longestReplyPDU }

  /// Whether all there is is an exception that could be another request's.
  public var isInDoubt: Bool { doubtful != nil }

  /// Everything that came so far.
  public var received: [UInt8] { buffer }

  /// Takes the next bytes of the line; the result once the reply is complete.
  public mutating func receive(_ bytes: some Sequence<UInt8>) -> ReadResult? {
    buffer.append(contentsOf: bytes)
    if buffer.count > RTUTransaction.maximumBuffer {
      buffer.removeFirst(buffer.count - RTUTransaction.maximumBuffer)
    }
    var start = 0
    // The request itself is no reply, however much its bytes look like one.
    if echoes, let echo = place(of: frame) { start = echo + frame.count }
    while start + 5 <= buffer.count {
      defer { start += 1 }
      guard buffer[start] == unitID else { continue }
      if buffer[start + 1] == query.functionCode | 0x80 {
        guard isFrame(start, length: 5) else { continue }
        if !doubtsExceptions { return .exception(buffer[start + 2]) }
        doubtful = buffer[start + 2]
      } else if case .complete(let length) = query.replyLength(of: buffer[(start + 1)...]),
        isFrame(start, length: length + 3),
        // An echo of 17 to 24 bits at 0x03xx has the shape of its own reply. It is none, whoever forgot to say `echoes`.
        !buffer[start..<(start + length + 3)].elementsEqual(frame)
      {
        return query.interpret(pdu: buffer[(start + 1)..<(start + 1 + length)])
      }
    }
    return nil
  }

  /// What to say when the deadline passed without a reply.
  public var resultAtDeadline: ReadResult {
    if let doubtful { return .exception(doubtful) }
    var rest = buffer[...]
    if echoes, let echo = place(of: frame) { rest = buffer[(echo + frame.count)...] }
    if rest.isEmpty { return .failed(.timeout) }
    let bytes = Array(rest.prefix(260))
    if rest.count >= 5, CRC16.isValid(rest) { return .failed(.malformed(bytes)) }
    return rest.count >= 5 ? .failed(.crc(bytes)) : .failed(.malformed(bytes))
  }

  private func place(of frame: [UInt8]) -> Int? {
    guard buffer.count >= frame.count else { return nil }
    return (0...(buffer.count - frame.count)).first { buffer[$0..<($0 + frame.count)].elementsEqual(frame) }
  }

  private func isFrame(_ start: Int, length: Int) -> Bool {
    start + length <= buffer.count && CRC16.isValid(buffer[start..<(start + length)])
  }
}
