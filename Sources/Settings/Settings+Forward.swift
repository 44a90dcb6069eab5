extension Settings {
  /// `[[forward]]` of the type `directory`, layout `csv`, content `readings`: one file a period.
  public struct Forward: Hashable, Sendable {
    public var id: String
    /// The directory that the files lie in when they are whole.
    public var path: String
    /// Divides the day; 1 s to 1 day.
    public var periodMilliseconds: Int64
    /// A file closes that long after its period. 0 to 1 day.
    public var graceMilliseconds: Int64
    public var compression: Compression
    public var line: SourceLine
  }

  public enum Compression: String, Hashable, Sendable, CaseIterable {
    case none, gzip
  }
}
