/// The transactions of one Modbus TCP connection, without I/O.
///
/// Give it every byte that arrives; it finds the replies by their transaction ids, discards late ones of earlier
/// transactions, and tells when the byte stream itself can no longer be trusted.
/// Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b, clauses 3.1.3 and 4.2.
public struct TCPExchange: Sendable {
  /// The largest ADU: MBAP 7 + PDU 253.
  public static let maximumFrame = 260

  public enum Event: Sendable, Hashable {
    /// The reply to the query of that place came; it is awaited no longer.
    case finished(place: Int, ReadResult)
    /// The stream is out of step: close the connection. Carries the bytes that show it.
    case desynchronised([UInt8])
  }

  private struct Waiting: Sendable {
    let transactionID: UInt16
    let place: Int
    let query: Query
    let unitID: UInt8
  }

  /// Replies of transactions that had been given up, thrown away.
  public private(set) var staleReplies: UInt64 = 0
  private let acceptsAnyUnit: Bool
  private var lastTransactionID: UInt16
  private var waiting: [Waiting] = []
  private var buffer: [UInt8] = []
  private var read = 0

  /// - Parameters:
  ///   - acceptsAnyUnit: the device answers with another unit id than asked, 0 or 255 mostly.
  ///   - transactionID: the id before the first.
  public init(acceptsAnyUnit: Bool = false, transactionID: UInt16 = 0) {
    self.acceptsAnyUnit = acceptsAnyUnit
    lastTransactionID = transactionID
  }

  /// Whether replies are awaited.
  public var isWaiting: Bool { !waiting.isEmpty }

  /// Appends the request ADU to what will be sent.
  ///
  /// - Parameter place: whatever the caller wants to know the reply by.
  public mutating func ask(_ query: Query, unitID: UInt8, place: Int, to bytes: inout [UInt8]) {
    lastTransactionID &+= 1
    waiting.append(Waiting(transactionID: lastTransactionID, place: place, query: query, unitID: unitID))
    bytes.append(UInt8(lastTransactionID >> 8))
    bytes.append(UInt8(lastTransactionID & 0xFF))
    bytes.append(0)
    bytes.append(0)
    bytes.append(0)
    bytes.append(UInt8(1 + query.pduLength))
    bytes.append(unitID)
    query.appendPDU(to: &bytes)
  }

  /// Whether a frame has begun and not ended.
  public var isWithinFrame: Bool { buffer.count > read }

  /// The deadline has passed: whatever is awaited will be stale when it comes.
  public mutating func giveUp() { waiting.removeAll(keepingCapacity: true) }

  /// The connection is a new one.
  public mutating func reset() {
    giveUp()
    buffer.removeAll(keepingCapacity: true)
    read = 0
  }

  /// Takes the next bytes of the connection. `next` then says what they meant.
  public mutating func receive(_ bytes: ArraySlice<UInt8>) {
    if read > 0 {
      buffer.removeFirst(read)
      read = 0
    }
    buffer.append(contentsOf: bytes)
  }

  /// What came of the bytes so far; nil where more are needed.
  public mutating func next() -> Event? {
    while buffer.count > read {
      guard isHeader(at: read) else {
        return .desynchronised(Array(buffer[read...].prefix(TCPExchange.maximumFrame)))
      }
      guard buffer.count - read >= 6 else { return nil }
      let length = Int(buffer[read + 4]) << 8 | Int(buffer[read + 5])
      guard buffer.count - read >= 6 + length else { return nil }
      // What follows a frame is a frame: else this one was cut short and filled up with the next one's bytes.
      guard isHeader(at: read + 6 + length) else {
        return .desynchronised(Array(buffer[read...].prefix(TCPExchange.maximumFrame)))
      }
      let frame = buffer[read..<(read + 6 + length)]
      read += 6 + length
      let id = UInt16(frame[frame.startIndex]) << 8 | UInt16(frame[frame.startIndex + 1])
      guard let index = waiting.firstIndex(where: { $0.transactionID == id }) else {
        staleReplies += 1
        continue
      }
      let asked = waiting.remove(at: index)
      let isFromThere = acceptsAnyUnit || frame[frame.startIndex + 6] == asked.unitID
      guard isFromThere, let result = asked.query.interpret(pdu: frame[(frame.startIndex + 7)...]) else {
        return .finished(place: asked.place, .failed(.malformed(Array(frame))))
      }
      return .finished(place: asked.place, result)
    }
    return nil
  }

  /// Protocol id 0, then the length of unit id and a PDU of 1…253 bytes; anything else is not Modbus, and where the next
  /// frame starts is unknown. Bytes that have not come yet are not judged.
  private func isHeader(at place: Int) -> Bool {
    func byte(_ offset: Int) -> Int? { place + offset < buffer.count ? Int(buffer[place + offset]) : nil }
    if let high = byte(2), high != 0 { return false }
    if let low = byte(3), low != 0 { return false }
    if let high = byte(4), high != 0 { return false }
    if let length = byte(5), !(2...254).contains(length) { return false }
    return true
  }
}
