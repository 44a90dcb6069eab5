import Synchronization

/// Where time comes from. It is always passed in, so that years can be simulated in minutes.
public protocol WallClock: Sendable {
  /// The wall clock, which can step.
  func now() -> Timestamp
  /// Nanoseconds of a clock that never steps, from an arbitrary start.
  func monotonicNanoseconds() -> UInt64
}

/// A clock that tests turn by hand.
public final class ManualClock: WallClock {
  private let state: Mutex<(wall: Timestamp, monotonic: UInt64)>

  public init(_ start: Timestamp) { state = Mutex((start, 0)) }

  public func now() -> Timestamp { state.withLock { $0.wall } }
  public func monotonicNanoseconds() -> UInt64 { state.withLock { $0.monotonic } }

  /// Time passes: both clocks go on.
  public func advance(milliseconds: Int64) {
    state.withLock {
      $0.wall = $0.wall + milliseconds
      $0.monotonic += UInt64(milliseconds) * 1_000_000
    }
  }

  /// The wall clock is set; no time passes.
  public func step(milliseconds: Int64) { state.withLock { $0.wall = $0.wall + milliseconds } }
}
