import Glibc
import Synchronization

/// A thread of its own for what blocks, and an end that can be awaited.
final class LineThread: Sendable {
  private struct State {
    var hasEnded = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }
  private let state = Mutex(State())
  private let body: @Sendable () -> Void

  private init(_ body: @escaping @Sendable () -> Void) { self.body = body }

  /// - Throws: where the system gives no further thread.
  static func start(_ body: @escaping @Sendable () -> Void) throws(SimulationError) -> LineThread {
    let thread = LineThread(body)
    let argument = Unmanaged.passRetained(thread)
    let result = withUnsafeTemporaryAllocation(of: pthread_attr_t.self, capacity: 1) { buffer -> Int32 in
      guard let attributes = buffer.baseAddress else { return ENOMEM }
      pthread_attr_init(attributes)
      defer { pthread_attr_destroy(attributes) }
      pthread_attr_setstacksize(attributes, 256 * 1024)
      pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
      var id = pthread_t()
      return pthread_create(
        &id, attributes,
        { argument in
          guard let argument else { return nil }
          Unmanaged<LineThread>.fromOpaque(argument).takeRetainedValue().run()
          return nil
        }, argument.toOpaque())
    }
    guard result == 0 else {
      argument.release()
      throw SimulationError(
        .system, "cannot start the thread of a simulated line: \(String(cString: strerror(result)))")
    }
    return thread
  }

  /// Returns when the body has returned.
  func end() async {
    await withCheckedContinuation { continuation in
      let hasEnded = state.withLock {
        if !$0.hasEnded { $0.waiting.append(continuation) }
        return $0.hasEnded
      }
      if hasEnded { continuation.resume() }
    }
  }

  private func run() {
    body()
    // `end` adds nothing any more once `hasEnded` is set.
    let waiting = state.withLock {
      $0.hasEnded = true
      return $0.waiting
    }
    for continuation in waiting { continuation.resume() }
  }
}
