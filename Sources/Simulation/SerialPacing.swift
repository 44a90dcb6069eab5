/// How fast characters travel on a simulated line.
public struct SerialPacing: Sendable, Hashable {
  public let baud: Int
  /// Start, data, parity and stop bits: 10 for 8N1, 11 for 8E1 and 8N2.
  public let bitsPerCharacter: Int

  /// Nil for a rate or a character that there is not.
  public init?(baud: Int, bitsPerCharacter: Int = 10) {
    guard (1...10_000_000).contains(baud), (7...13).contains(bitsPerCharacter) else { return nil }
    self.baud = baud
    self.bitsPerCharacter = bitsPerCharacter
  }

  /// The time that so many characters take. Rounded once, so that nothing adds up.
  public func nanoseconds(characters: Int) -> Int64 {
    Int64(characters) * Int64(bitsPerCharacter) * 1_000_000_000 / Int64(baud)
  }

  /// T3.5, the silence that ends a frame: 1.75 ms above 19200 baud (MODBUS over Serial Line V1.02, clause 2.5.1.1).
  public var silenceNanoseconds: Int64 { baud > 19_200 ? 1_750_000 : nanoseconds(characters: 7) / 2 }
}
