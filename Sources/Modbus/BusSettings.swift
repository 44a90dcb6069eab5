import ModbusProtocol

/// One serial line or one TCP endpoint, as plain values.
public struct BusSettings: Sendable, Hashable {
  public enum Transport: Sendable, Hashable {
    /// A serial device. `rs485`: the kernel switches the driver's direction.
    case rtu(device: String, format: SerialFormat, rs485: Bool)
    /// Modbus TCP.
    case tcp(host: String, port: UInt16)
    /// RTU frames through a TCP connection, to a converter in transparent mode with a line of that format behind it.
    case rtuOverTCP(host: String, port: UInt16, format: SerialFormat)
  }

  public var id: String
  public var transport: Transport
  /// To the first byte of the answer; the time on the wire is added.
  public var timeoutMilliseconds: Int64
  /// Silence between requests, on top of the standard's.
  public var pauseMilliseconds: Int64
  /// Silence after a connection or device was opened.
  public var pauseAfterConnectMilliseconds: Int64 = 0
  /// RTU: how long after a timeout its answer may still come.
  public var lateWindowMilliseconds: Int64 = 2000
  /// RTU: the adapter hears what it sends.
  public var echoes = false
  /// TCP: the device answers with another unit id than asked.
  public var acceptsAnyUnit = false
  /// TCP: requests that the device takes at once.
  public var pipeline = 1
  /// TCP: the connection is closed when nothing waits, for converters that have one for all.
  public var connectsPerCycle = false

  public init(id: String, transport: Transport, timeoutMilliseconds: Int64 = 500, pauseMilliseconds: Int64 = 0) {
    self.id = id
    self.transport = transport
    self.timeoutMilliseconds = timeoutMilliseconds
    self.pauseMilliseconds = pauseMilliseconds
  }

  /// Of the line that the frames go over; nil for Modbus TCP.
  public var format: SerialFormat? {
    switch transport {
    case .rtu(_, let format, _), .rtuOverTCP(_, _, let format): format
    case .tcp: nil
    }
  }
}

/// How characters travel on a serial line; there are always 8 data bits.
public struct SerialFormat: Sendable, Hashable, CustomStringConvertible {
  public enum Parity: String, Sendable, Hashable, CaseIterable {
    case none, even, odd
  }

  public var baud: Int
  public var parity: Parity
  public var stopBits: Int

  public init(baud: Int = 9600, parity: Parity = .none, stopBits: Int = 1) {
    self.baud = baud
    self.parity = parity
    self.stopBits = stopBits
  }

  public var timing: SerialTiming {
    SerialTiming(baud: baud, bitsPerCharacter: 9 + (parity == .none ? 0 : 1) + stopBits)
  }

  /// `9600 8N1`
  public var description: String { "\(baud) 8\(parity.rawValue.uppercased().prefix(1))\(stopBits)" }
}

/// Whom to ask, and what is special about it.
public struct Device: Sendable, Hashable {
  public var unitID: UInt8
  /// In place of the bus's.
  public var timeoutMilliseconds: Int64?
  /// Silence after each request to it, on top of the bus's.
  public var pauseMilliseconds: Int64
  /// In place of the bus's; serial devices only.
  public var format: SerialFormat?

  public init(
    unitID: UInt8, timeoutMilliseconds: Int64? = nil, pauseMilliseconds: Int64 = 0, format: SerialFormat? = nil
  ) {
    self.unitID = unitID
    self.timeoutMilliseconds = timeoutMilliseconds
    self.pauseMilliseconds = pauseMilliseconds
    self.format = format
  }
}

/// One question to one device.
public struct Ask: Sendable, Hashable {
  public var query: Query
  public var device: Device

  public init(_ query: Query, of device: Device) {
    self.query = query
    self.device = device
  }
}

/// What came of it, and how long it took.
public struct Answer: Sendable, Hashable {
  public var result: ReadResult
  /// From sending to the verified reply, or to giving up; 0 where nothing was sent.
  public var nanoseconds: UInt64 = 0
  /// Serial lines: what is left of that without the time on the wire and the silence before the reply.
  public var turnaroundNanoseconds: UInt64?

  public init(_ result: ReadResult, nanoseconds: UInt64 = 0, turnaroundNanoseconds: UInt64? = nil) {
    self.result = result
    self.nanoseconds = nanoseconds
    self.turnaroundNanoseconds = turnaroundNanoseconds
  }
}

/// The bytes that went over a bus, for those who want to see them.
public enum BusTrace: Sendable, Hashable {
  case sent([UInt8])
  case received([UInt8])
}
