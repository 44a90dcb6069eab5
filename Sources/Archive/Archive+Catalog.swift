import FoundationEssentials
import Metering
import Threads

extension Archive {
  /// Runs on the committer's thread, between commits, and waits for it: for threads that may block.
  func onCommitter<T: Sendable>(_ body: @escaping @Sendable (inout Committer) throws -> T) throws -> T {
    let done = Inbox<Result<T, any Error>>()
    post { committer in done.post(Result { try body(&committer) }) }
    guard let result = done.take()?.first else { throw ArchiveError(.unreadable, "archive \(path): is closed") }
    return try result.get()
  }

  /// Writes down what people said of readings, on disk on return. Blocks.
  ///
  /// - Parameter body: JSON.
  /// - Returns: its number in the journal.
  public func record(_ kind: JournalEntry.Kind, _ body: [UInt8], at time: Timestamp) throws -> UInt64 {
    try onCommitter { committer in
      try committer.record([JournalEntry(kind: kind, recordedAt: time, body: body)], at: time).first ?? 0
    }
  }
}
