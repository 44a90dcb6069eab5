/// Why a spool file could not be made or delivered.
public struct SpoolError: Error, Hashable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
