import Cthreads
import Glibc

/// A thread that belongs to one owner, for calls that block. Swift's cooperative threads and dispatch queues are few
/// and shared: one blocked bus there would hold up everything else (300 of them: 4.85 s for an empty task).
public enum OwnThread {
  /// 256 KiB: buses are many, and none goes deep.
  public static let stackBytes = 256 * 1024

  /// Starts a detached thread that runs `body` once.
  ///
  /// - Parameter name: shown by `ps -T`, cut at 15 bytes.
  /// - Throws: `OwnThreadError` where the machine has no more threads to give.
  public static func start(name: String, stackBytes: Int = stackBytes, _ body: @escaping @Sendable () -> Void) throws {
    let box = Unmanaged.passRetained(Body(body))
    let code = meterd_thread_start(
      name, stackBytes,
      { argument in
        guard let argument else { return }
        Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
      }, box.toOpaque())
    guard code == 0 else {
      box.release()
      throw OwnThreadError(name: name, errno: code)
    }
  }

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }
}

/// The machine gave no thread.
public struct OwnThreadError: Error, CustomStringConvertible {
  public let name: String
  public let errno: Int32
  public var description: String {
    "no thread for '\(name)': \(String(cString: strerror(errno))); raise TasksMax of the service or use fewer buses"
  }
}

extension OwnThread {
  /// For work that must never be in the way: the calling thread gets the CPUs and disks that nobody else wants.
  public static func yieldToAll() { meterd_thread_yield_to_all() }

  /// Runs a call that blocks on a thread of its own and waits for it without holding a cooperative thread.
  public static func run<Result: Sendable>(
    name: String, stackBytes: Int = 1024 * 1024, _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      do {
        try start(name: name, stackBytes: stackBytes) { continuation.resume(with: Swift.Result { try body() }) }
      } catch { continuation.resume(throwing: error) }
    }
  }
}
