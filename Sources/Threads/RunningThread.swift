import Synchronization

/// A thread of its own whose end can be awaited.
public final class RunningThread: Sendable {
  private struct State {
    var hasEnded = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }
  private let state = Mutex(State())

  /// - Throws: `OwnThreadError` where the machine has no more threads to give.
  public init(name: String, stackBytes: Int = OwnThread.stackBytes, _ body: @escaping @Sendable () -> Void) throws {
    try OwnThread.start(name: name, stackBytes: stackBytes) { [self] in
      body()
      // `end` adds nothing any more once `hasEnded` is set.
      let waiting = state.withLock {
        $0.hasEnded = true
        return $0.waiting
      }
      for continuation in waiting { continuation.resume() }
    }
  }

  /// Returns when the body has returned.
  public func end() async {
    await withCheckedContinuation { continuation in
      let hasEnded = state.withLock {
        if !$0.hasEnded { $0.waiting.append(continuation) }
        return $0.hasEnded
      }
      if hasEnded { continuation.resume() }
    }
  }
}
