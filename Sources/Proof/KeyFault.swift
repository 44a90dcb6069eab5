/// What is wrong with the file of a key, and what to do.
public struct KeyFault: Error, Hashable, Sendable, CustomStringConvertible {
  public let file: String
  public let problem: String

  init(_ file: String, _ problem: String) {
    self.file = file
    self.problem = problem
  }

  public var description: String { "\(file) \(problem)" }
}
