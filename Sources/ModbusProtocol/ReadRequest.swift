/// The functions that meterd can send. There is no other: nothing that writes is compiled in.
///
/// Source: MODBUS Application Protocol Specification V1.1b3, clauses 6.1–6.4.
public enum ReadFunction: UInt8, Sendable, Hashable, CaseIterable {
  case readCoils = 1
  case readDiscreteInputs = 2
  case readHoldingRegisters = 3
  case readInputRegisters = 4

  /// Whether an address names one bit instead of a 16-bit register.
  public var readsBits: Bool { self == .readCoils || self == .readDiscreteInputs }

  /// The most addresses that one request may ask for (clauses 6.1–6.4: 2000 bits, 125 registers).
  public var maximumCount: Int { readsBits ? 2000 : 125 }
}

/// One request: `count` addresses of one table, from `address` on.
public struct ReadRequest: Sendable, Hashable {
  public let function: ReadFunction
  public let address: UInt16
  public let count: UInt16

  /// Nil where the protocol does not allow it: no address, too many, or past 65535.
  public init?(function: ReadFunction, address: Int, count: Int) {
    guard (0...65_535).contains(address), count >= 1, count <= function.maximumCount, address + count <= 65_536 else {
      return nil
    }
    self.function = function
    self.address = UInt16(address)
    self.count = UInt16(count)
  }

  /// Data bytes of a good reply.
  public var dataLength: Int { function.readsBits ? (Int(count) + 7) / 8 : 2 * Int(count) }

  /// Function, address, count.
  public func appendPDU(to bytes: inout [UInt8]) {
    bytes.append(function.rawValue)
    bytes.append(UInt8(address >> 8))
    bytes.append(UInt8(address & 0xFF))
    bytes.append(UInt8(count >> 8))
    bytes.append(UInt8(count & 0xFF))
  }
}

/// How a transaction ended, as far as the bytes can tell.
public enum ReadResult: Sendable, Hashable {
  /// The data bytes of a reply that was verified in full.
  case data([UInt8])
  /// The device refused; communication with it is fine.
  case exception(UInt8)
  case failed(Failure)

  public enum Failure: Sendable, Hashable {
    /// Nothing, or not enough, before the deadline.
    case timeout
    /// A serial frame with a wrong checksum; the bytes as they came.
    case crc([UInt8])
    /// A frame that is no reply to the request; the bytes as they came.
    case malformed([UInt8])
    /// No connection or no serial device; why, in words.
    case link(String)
    /// Not sent: for so long the late reply to an earlier request could still come, and could not be told from this one's.
    case held(nanoseconds: UInt64)
    /// The bus was told to stop.
    case stopped
  }
}

extension ReadRequest {
  /// What a reply PDU (function and data, without unit and checksum) says to this request.
  ///
  /// - Returns: nil where the PDU is no answer to this request: wrong function, wrong byte count, wrong length.
  public func interpret(pdu: some RandomAccessCollection<UInt8>) -> ReadResult? {
    guard let first = pdu.first else { return nil }
    let second = pdu.dropFirst().first
    if first == function.rawValue | 0x80 {
      guard pdu.count == 2, let code = second else { return nil }
      return .exception(code)
    }
    guard first == function.rawValue, let byteCount = second, Int(byteCount) == dataLength,
      pdu.count == 2 + dataLength
    else { return nil }
    return .data(Array(pdu.dropFirst(2)))
  }
}
