import Dispatch
import Synchronization

/// A queue from anywhere to one thread that blocks on it. The owner bounds what is posted.
public final class Inbox<Item: Sendable>: Sendable {
  private let state = Mutex<State>(State())
  private let signal = DispatchSemaphore(value: 0)

  private struct State {
    var items: [Item] = []
    var closed = false
  }

  public init() {}

  public func post(_ item: Item) {
    state.withLock { $0.items.append(item) }
    signal.signal()
  }

  /// Everything posted since, in order; waits until there is something. Nil once closed and empty.
  public func take() -> [Item]? { take(untilNanoseconds: nil) }

  /// Like `take`, but gives up with an empty array after that many nanoseconds.
  public func take(waitingNanoseconds: UInt64) -> [Item]? {
    take(untilNanoseconds: DispatchTime.now() + .nanoseconds(Int(min(waitingNanoseconds, 3_600_000_000_000))))
  }

  private func take(untilNanoseconds deadline: DispatchTime?) -> [Item]? {
    while true {
      let (items, closed) = state.withLock { state in
        defer { state.items.removeAll(keepingCapacity: true) }
        return (state.items, state.closed)
      }
      if !items.isEmpty { return items }
      if closed { return nil }
      if let deadline {
        if signal.wait(timeout: deadline) == .timedOut { return [] }
      } else {
        signal.wait()
      }
    }
  }

  public func close() {
    state.withLock { $0.closed = true }
    signal.signal()
  }
}
