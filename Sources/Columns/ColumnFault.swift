/// Why a chunk cannot be read.
public struct ColumnFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong with it.
  public let problem: String
  /// The octet of the chunk where it was found, from 0.
  public let offset: Int

  init(_ problem: String, at offset: Int) {
    self.problem = problem
    self.offset = offset
  }

  public var description: String { "chunk, octet \(offset): \(problem)" }
}
