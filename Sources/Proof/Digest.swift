import Crypto

/// A SHA-256 value: 32 octets.
public struct Digest: Hashable, Sendable {
  public static let byteCount = 32
  public static let zero = Digest(words: (0, 0, 0, 0))

  // The octets in memory order: no heap for any of the thousands of leaves of a day.
  private var first: UInt64
  private var second: UInt64
  private var third: UInt64
  private var fourth: UInt64

  private init(words: (UInt64, UInt64, UInt64, UInt64)) { (first, second, third, fourth) = words }

  /// Nil where there are not exactly 32 octets.
  public init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count == Digest.byteCount else { return nil }
    self.init(words: bytes.loadUnaligned(as: (UInt64, UInt64, UInt64, UInt64).self))
  }

  public init?(bytes: [UInt8]) {
    guard let digest = bytes.withUnsafeBytes({ Digest($0) }) else { return nil }
    self = digest
  }

  init(_ digest: SHA256.Digest) {
    self.init(words: digest.withUnsafeBytes { $0.loadUnaligned(as: (UInt64, UInt64, UInt64, UInt64).self) })
  }

  public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

  public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    Swift.withUnsafeBytes(of: (first, second, third, fourth), body)
  }

  /// The hash of these octets.
  public static func sha256(_ bytes: UnsafeRawBufferPointer) -> Digest {
    var hash = StreamingHash()
    hash.update(bytes)
    return hash.finish()
  }

  public static func sha256(_ bytes: [UInt8]) -> Digest { bytes.withUnsafeBytes { sha256($0) } }
}

extension Digest: CustomStringConvertible {
  /// 64 lower-case hexadecimal digits, as `sha256sum` prints them.
  public var hex: String { withUnsafeBytes { hexadecimal($0) } }

  /// Nil for anything but 64 digits in lower case: every value has one text only.
  public init?(hex: some StringProtocol) {
    guard let bytes = octets(ofHex: hex.utf8) else { return nil }
    self.init(bytes: bytes)
  }

  public var description: String { hex }
}

/// SHA-256 over parts that come one after the other. The octets are read where they lie.
public struct StreamingHash: Sendable {
  private var sha256 = SHA256()

  public init() {}

  public mutating func update(_ bytes: UnsafeRawBufferPointer) { sha256.update(bufferPointer: bytes) }

  public mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { sha256.update(bufferPointer: $0) }
  }

  /// The hash of what came so far; more may follow.
  public func finish() -> Digest { Digest(sha256.finalize()) }
}

func hexadecimal(_ bytes: some Collection<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  text.reserveCapacity(2 * bytes.count)
  for byte in bytes {
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return String(decoding: text, as: UTF8.self)
}

/// Nil for an odd count and for anything but `0`–`9`, `a`–`f`.
func octets(ofHex text: some Collection<UInt8>) -> [UInt8]? {
  guard text.count % 2 == 0 else { return nil }
  var bytes: [UInt8] = []
  bytes.reserveCapacity(text.count / 2)
  var high: UInt8?
  for character in text {
    let digit: UInt8
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
    default: return nil
    }
    if let begun = high {
      bytes.append(begun << 4 | digit)
      high = nil
    } else {
      high = digit
    }
  }
  return bytes
}
