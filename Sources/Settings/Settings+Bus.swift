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
    public var line: SourceLine
  }

  public enum Transport: Hashable, Sendable {
    /// - Parameters:
    ///   - baud: one of `Settings.baudRates`
    ///   - stopBits: 1 or 2
    case rtu(device: String, baud: Int, parity: Parity, stopBits: Int)
    /// - Parameter host: an IPv4 or IPv6 address without brackets (perhaps with `%zone`), or a name; not looked up
    case tcp(host: String, port: UInt16)
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
