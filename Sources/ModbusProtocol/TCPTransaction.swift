/// One Modbus TCP transaction on an open connection, without I/O.
///
/// Give it every byte that arrives; it finds the one reply that carries its transaction id, discards late replies of
/// earlier transactions, and tells when the byte stream itself can no longer be trusted.
/// Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b, clauses 3.1.3 and 4.2.
public struct TCPTransaction: Sendable {
  /// The largest ADU: MBAP 7 + PDU 253.
  public static let maximumFrame = 260

  public enum Verdict: Sendable, Hashable {
    case needMore
    case finished(ReadResult)
    /// The stream is out of step: close the connection. Carries the bytes that show it.
    case desynchronised([UInt8])
  }

  public let request: ReadRequest
  public let unitID: UInt8
  public let transactionID: UInt16
  /// Replies of earlier transactions that were thrown away.
  public private(set) var staleReplies = 0
  private var buffer: [UInt8] = []

  /// - Parameter carriedOver: bytes of an unfinished frame that an earlier transaction left on this connection.
  public init(request: ReadRequest, unitID: UInt8, transactionID: UInt16, carriedOver: [UInt8] = []) {
    self.request = request
    self.unitID = unitID
    self.transactionID = transactionID
    buffer = carriedOver
  }

  /// What has arrived and is not yet a whole frame: the next transaction on this connection needs it.
  public var unfinished: [UInt8] { buffer }

  /// The request ADU.
  public func append(to bytes: inout [UInt8]) {
    bytes.append(UInt8(transactionID >> 8))
    bytes.append(UInt8(transactionID & 0xFF))
    bytes.append(contentsOf: [0, 0, 0, 6, unitID])
    request.appendPDU(to: &bytes)
  }

  /// Takes the next bytes of the connection.
  public mutating func receive(_ bytes: some Sequence<UInt8>) -> Verdict {
    buffer.append(contentsOf: bytes)
    while true {
      guard buffer.count >= 6 else { return .needMore }
      let length = Int(buffer[4]) << 8 | Int(buffer[5])
      // Unit id and a PDU of 1…253 bytes; anything else is not Modbus, and where the next frame starts is unknown.
      guard buffer[2] == 0, buffer[3] == 0, (2...254).contains(length) else {
        return .desynchronised(Array(buffer.prefix(TCPTransaction.maximumFrame)))
      }
      guard buffer.count >= 6 + length else { return .needMore }
      let frame = Array(buffer[..<(6 + length)])
      buffer.removeFirst(6 + length)
      let id = UInt16(frame[0]) << 8 | UInt16(frame[1])
      guard id == transactionID else {
        staleReplies += 1
        continue
      }
      guard frame[6] == unitID, let result = request.interpret(pdu: frame[7...]) else {
        return .finished(.failed(.malformed(frame)))
      }
      return .finished(result)
    }
  }
}
