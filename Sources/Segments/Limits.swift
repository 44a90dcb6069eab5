/// What a writer keeps to and a reader insists on, so that no length in a file has to be trusted.
enum Limits {
  /// Rows of one source and day.
  static let rows = 10_000_000
  /// Rows of one group; further rows of the kind begin another one. With `groupPayload` this bounds what reading a group takes.
  static let groupRows = 16_384
  /// Octets of all payloads of one group together.
  static let groupPayload = 8 << 20
  /// Fewer rows are kept as odd ones: the chunks of their columns would be larger than they are.
  static let leastGroupRows = 8
  /// Different shapes, marks, … of one source and day that get groups: those with most rows.
  static let groupKeys = 64
  /// Different ones that are looked after while rows come; rows of further ones are odd at once.
  static let candidates = 256
  /// Different boots, and definitions, of one source and day whose rows can be in groups.
  static let texts = 4_096
  /// Octets of a payload with a shape.
  static let shapedPayload = 65_535
  /// Octets of any payload.
  static let payload = 16 << 20
  /// A chunk of odd rows is closed at this length.
  static let oddOctets = 1 << 20
  /// With one row of any size at its end.
  static let oddChunk = oddOctets + payload + 1_024
  /// Octets of site, segment, source, boot and definition.
  static let text = 255
  static let columnName = 64
  /// Chunks of one source and day.
  static let chunks = 100_000
  /// Columns of one source in one file.
  static let columns = 100_000
  /// Octets of the text of a shape.
  static let shapeText = 8 << 20
  static let sources = 100_000
  static let leaves = 1 << 31
  static let rowsOfFile = 1 << 40
  static let segments = 10_000

  /// Octets of an index or a directory that has so many compressed. The checks in it, four octets of some hundred at least, cannot be compressed.
  static func unpacked(_ compressed: Int) -> Int { 65_536 + 256 * min(compressed, 1 << 18) }

  static func rowsOfGroup(payload length: Int) -> Int { min(groupRows, groupPayload / max(1, length)) }

  /// Names in the leaf headers: printable ASCII without what `Proof` would have to escape, so that a name has one text and
  /// equal texts are equal octets.
  static func isName(_ text: String) -> Bool {
    1...Limits.text ~= text.utf8.count && text.utf8.allSatisfy(isNameOctet)
  }

  static func isNameOctet(_ octet: UInt8) -> Bool {
    0x21...0x7E ~= octet && octet != UInt8(ascii: "=") && octet != UInt8(ascii: "%")
  }
}
