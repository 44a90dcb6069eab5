/// Everything that can be asked of a device. There is nothing here that writes.
public enum Query: Sendable, Hashable {
  case read(ReadRequest)
  /// The result is the data of the reply after function and MEI type; `DeviceIdentification.Page` reads it.
  case identify(DeviceIdentification.Request)

  public var functionCode: UInt8 {
    switch self {
    case .read(let request): request.function.rawValue
    case .identify: DeviceIdentification.functionCode
    }
  }

  /// Function code and what belongs to it.
  public func appendPDU(to bytes: inout [UInt8]) {
    switch self {
    case .read(let request): request.appendPDU(to: &bytes)
    case .identify(let request): request.appendPDU(to: &bytes)
    }
  }

  /// Bytes of the request PDU.
  public var pduLength: Int {
    switch self {
    case .read: 5
    case .identify: 4
    }
  }

  /// The most data that a good reply carries, in bytes of its PDU.
  public var longestReplyPDU: Int {
    switch self {
    case .read(let request): 2 + request.dataLength
    case .identify: 253
    }
  }

  /// What a reply PDU says to this query; nil where it is no answer to it: wrong function, wrong byte count, wrong length.
  public func interpret(pdu: some RandomAccessCollection<UInt8>) -> ReadResult? {
    switch self {
    case .read(let request): return request.interpret(pdu: pdu)
    case .identify:
      if pdu.count == 2, pdu.first == functionCode | 0x80, let code = pdu.last { return .exception(code) }
      guard pdu.first == functionCode, DeviceIdentification.replyLength(of: pdu) == .complete(pdu.count) else {
        return nil
      }
      return .data(Array(pdu.dropFirst(2)))
    }
  }

  /// How long a good reply PDU is that begins like this: a serial line does not say.
  func replyLength(of pdu: some RandomAccessCollection<UInt8>) -> ReplyLength {
    guard pdu.first == functionCode else { return pdu.isEmpty ? .unknown : .impossible }
    switch self {
    case .read(let request):
      guard let byteCount = pdu.dropFirst().first else { return .unknown }
      return Int(byteCount) == request.dataLength ? .complete(2 + request.dataLength) : .impossible
    case .identify: return DeviceIdentification.replyLength(of: pdu)
    }
  }
}

/// What the first bytes of a reply say of its length.
enum ReplyLength: Hashable {
  /// More bytes are needed to know.
  case unknown
  case complete(Int)
  /// No good reply begins like this.
  case impossible
}
