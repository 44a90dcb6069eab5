import Metering

/// A reading with the definition that it was made by.
public struct SeriesReading: Sendable {
  public var reading: Reading
  /// SHA-256 in hexadecimal.
  public var definition: String

  public init(_ reading: Reading, definition: String) {
    self.reading = reading
    self.definition = definition
  }
}
