/// What a chunk is, hashed in front of it, so that no chunk can stand for another one: not of another site, day, meter
/// or register.
///
/// One line: `meterd-chunk-1 site=S segment=2026-11-21 leaf=17 source=meter:main-incomer group=0
/// column=holding/342/2 rows=1440 bytes=1873` and a line feed.
public struct LeafHeader: Hashable, Sendable {
  public static let format = "meterd-chunk-1"

  public var site: String
  /// Of the day, also where the chunk stands in the file of a month.
  public var segment: String
  /// Place among the leaves of the day, from 0.
  public var leaf: Int
  public var source: String
  /// A number, or `odd`.
  public var group: String
  public var column: String
  public var rows: Int
  /// Length of the chunk.
  public var bytes: Int

  public init(
    site: String, segment: String, leaf: Int, source: String, group: String, column: String, rows: Int, bytes: Int
  ) {
    self.site = site
    self.segment = segment
    self.leaf = leaf
    self.source = source
    self.group = group
    self.column = column
    self.rows = rows
    self.bytes = bytes
  }

  /// With its line feed.
  public var line: String {
    let texts = [("site", site), ("segment", segment), ("leaf", "\(leaf)"), ("source", source), ("group", group)]
    let rest = [("column", column), ("rows", "\(rows)"), ("bytes", "\(bytes)")]
    return (texts + rest).reduce(into: LeafHeader.format) { line, field in
      line += " \(field.0)=\(Escaping.escaped(field.1))"
    } + "\n"
  }

  /// Reads exactly what `line` writes.
  public init(line: String) throws(TextFault) {
    guard line.utf8.last == UInt8(ascii: "\n") else { throw TextFault(line: 1, "has no line feed at its end") }
    var fields = FieldReader(Substring(line.utf8.dropLast()), line: 1)
    try fields.word(LeafHeader.format)
    site = try fields.text("site")
    segment = try fields.text("segment")
    leaf = try fields.number("leaf")
    source = try fields.text("source")
    group = try fields.text("group")
    column = try fields.text("column")
    rows = try fields.number("rows")
    bytes = try fields.number("bytes")
    try fields.end()
  }

  /// The leaf of this chunk in the Merkle tree of its day: SHA-256(00 ‖ header ‖ chunk), RFC 6962 section 2.1.
  public func hash(_ chunk: UnsafeRawBufferPointer) -> Digest {
    var hash = StreamingHash()
    hash.update([0])
    var line = line
    line.withUTF8 { hash.update(UnsafeRawBufferPointer($0)) }
    hash.update(chunk)
    return hash.finish()
  }

  public func hash(_ chunk: [UInt8]) -> Digest { chunk.withUnsafeBytes { hash($0) } }
}
