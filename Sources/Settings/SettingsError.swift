/// Everything that is wrong with a settings file and the files it names, from one run.
public struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One mistake. `description` is the line to print: `path:line:column: error: …`.
  public struct Problem: Hashable, Sendable, CustomStringConvertible {
    public var file: String
    /// From 1.
    public var line: Int
    /// From 1, in code points.
    public var column: Int
    public var message: String

    public var description: String { "\(file):\(line):\(column): error: \(message)" }
  }

  /// The main file first, other files by name, in each by line and column. Never empty.
  public let problems: [Problem]

  /// One problem a line.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}
