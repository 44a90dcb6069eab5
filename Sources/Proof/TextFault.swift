/// Where a text that is signed or hashed is not exactly what this version writes.
public struct TextFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// From 1.
  public let line: Int
  public let problem: String

  init(line: Int, _ problem: String) {
    self.line = line
    self.problem = problem
  }

  public var description: String { "line \(line): \(problem)" }
}
