import Crypto
import FoundationEssentials
import Metering

extension Definition {
  /// The canonical bytes that a definition is addressed by: JSON with sorted keys, decimals as strings, no spaces.
  func canonicalJSON() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self)
  }
}

/// SHA-256 in hexadecimal.
public func sha256Hex(_ bytes: some DataProtocol) -> String {
  SHA256.hash(data: bytes).reduce(into: "") { text, byte in
    text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }
}
