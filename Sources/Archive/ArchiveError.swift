/// What is wrong with an archive, where, and what to do.
public struct ArchiveError: Error, Hashable, CustomStringConvertible {
  public enum Reason: Hashable, Sendable {
    /// Another process writes to it.
    case inUse(pid: Int32)
    case unreadable, foreignFormat, foreignKey, damaged
  }

  public let reason: Reason
  public var isInUse: Bool { if case .inUse = reason { true } else { false } }
  public let description: String

  init(_ reason: Reason, _ description: String) {
    self.reason = reason
    self.description = description
  }
}
