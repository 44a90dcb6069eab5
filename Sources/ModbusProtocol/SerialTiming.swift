/// How long things take on a serial line.
///
/// Source: MODBUS over Serial Line V1.02, clause 2.5.1.1 (T3.5 is fixed at 1.75 ms above 19200 baud).
public struct SerialTiming: Sendable, Hashable {
  public let baud: Int
  /// Start bit, 8 data bits, parity bit where there is one, stop bits.
  public let bitsPerCharacter: Int

  public init(baud: Int, bitsPerCharacter: Int) {
    self.baud = baud
    self.bitsPerCharacter = bitsPerCharacter
  }

  public var characterNanoseconds: Int64 { Int64(bitsPerCharacter) * 1_000_000_000 / Int64(baud) }

  /// So many characters on the wire.
  public func nanoseconds(characters: Int) -> Int64 {
    Int64(characters) * Int64(bitsPerCharacter) * 1_000_000_000 / Int64(baud)
  }

  /// The silence that separates two frames.
  public var t35Nanoseconds: Int64 { baud > 19_200 ? 1_750_000 : characterNanoseconds * 7 / 2 }

  /// The least time of one read: request 8 characters, reply 5 and the data, two silences, and the device's turnaround.
  public func readNanoseconds(_ request: ReadRequest, turnaroundNanoseconds: Int64 = 0) -> Int64 {
    nanoseconds(characters: 8 + 5 + request.dataLength) + 2 * t35Nanoseconds + turnaroundNanoseconds
  }

  /// How many registers that nobody wants are cheaper to read along than a second request: 2·g·c < 13·c + 2·T3.5 + t.
  public func registersWorthBridging(turnaroundNanoseconds: Int64) -> Int {
    let secondRequest = 13 * characterNanoseconds + 2 * t35Nanoseconds + turnaroundNanoseconds
    return Int((secondRequest - 1) / (2 * characterNanoseconds))
  }
}
