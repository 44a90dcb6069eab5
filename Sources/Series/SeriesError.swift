/// Why a series cannot be given, and what to do.
public struct SeriesError: Error, Hashable, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}
