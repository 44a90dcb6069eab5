extension Settings {
  /// `[[bus]]`: one serial line or one TCP endpoint.
  public struct Bus: Hashable, Sendable {
    public var id: String
    public var transport: Transport
    /// Answer of one device, to its first byte. 10 ms to 60 s.
    public var timeoutMilliseconds: Int64
    /// Silence kept between requests, on top of the standard's. 0 to 10 s.
    public var pauseMilliseconds: Int64
    /// How often a dead device is tried at first. 100 ms to 1 day.
    public var probeEveryMilliseconds: Int64
    /// How long after a timeout a late answer may still come. 0 to 60 s; 0 on `tcp`, where transaction ids tell.
    public var lateWindowMilliseconds: Int64
    /// The adapter hears its own requests. Never on `tcp`.
    public var echo: Bool
    /// Whether the connection is closed when nothing waits. Never on `rtu`.
    public var connectsPerCycle: Bool
    /// From the opening of the line or connection to the first request. 0 to 10 s.
    public var pauseAfterConnectMilliseconds: Int64
    /// Requests that the device takes at once. 1 to 16; 1 but on `tcp`.
    public var pipeline: Int
    /// The device answers with another unit id than it was asked with; all meters of the bus have the same unit then.
    /// Never but on `tcp`.
    public var anyUnit: Bool
    public var line: SourceLine
  }

  public enum Transport: Hashable, Sendable {
    /// - Parameter rs485: the kernel switches the direction of the driver (TIOCSRS485)
    case rtu(device: String, line: SerialFormat, rs485: Bool)
    /// - Parameter host: an IPv4 or IPv6 address without brackets (perhaps with `%zone`), or a name; not looked up
    case tcp(host: String, port: UInt16)
    /// RTU frames through a converter in transparent mode.
    ///
    /// - Parameter line: the serial line behind the converter, for timing
    case rtuOverTCP(host: String, port: UInt16, line: SerialFormat)
  }

  /// How characters travel on a serial line; they have eight data bits.
  public struct SerialFormat: Hashable, Sendable, CustomStringConvertible {
    /// One of `Settings.baudRates`.
    public var baud: Int
    public var parity: Parity
    /// 1 or 2
    public var stopBits: Int

    public init(baud: Int = 9600, parity: Parity = .none, stopBits: Int = 1) {
      self.baud = baud
      self.parity = parity
      self.stopBits = stopBits
    }

    /// `9600 8N1`
    public var description: String { "\(baud) 8\(parity.rawValue.uppercased().prefix(1))\(stopBits)" }
  }

  public enum Parity: String, Hashable, Sendable, CaseIterable {
    case none, even, odd
  }

  /// The rates that libmodbus 3.1.6 knows on Linux (modbus-rtu.c, `_modbus_rtu_connect`); it would silently use 9600
  /// for any other.
  public static let baudRates = [
    110, 300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115_200, 230_400, 460_800, 500_000, 576_000, 921_600,
    1_000_000, 1_152_000, 1_500_000, 2_500_000, 3_000_000, 3_500_000, 4_000_000,
  ]
}
