/// What is wrong with a segment file, or with what was to be written into one, and where.
public struct SegmentFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// Path of the file; for rows that are no file yet, the source.
  public let file: String
  /// The octet of the file where it was found, from 0; nil where it is about the file as a whole.
  public let offset: Int?
  public let what: String

  init(_ file: String, at offset: Int? = nil, _ what: String) {
    self.file = file
    self.offset = offset
    self.what = what
  }

  public var description: String {
    if let offset { "\(file), octet \(offset): \(what)" } else { "\(file): \(what)" }
  }
}
