import Cclock
import Metering
import Synchronization

/// The gateway's clock, and whether its times may be believed.
///
/// A gateway without a battery starts at 1970 until NTP answers. Until then times are counted from the first one seen, by the
/// monotonic clock, so that one offset corrects all of them later.
public final class TrustedClock: WallClock {
  /// No gateway that runs this version lives before it.
  static let floor = Timestamp(milliseconds: 1_767_225_600_000)  // 2026-01-01T00:00:00Z

  /// Tells whether the kernel's clock is synchronised (adjtimex: STA_UNSYNC is clear).
  public typealias Synchronised = @Sendable () -> Bool

  private let base: any WallClock
  private let isSynchronised: Synchronised
  private let state: Mutex<State>
  /// Once true it stays true. Asked several times a poll by every bus: without the lock.
  private let trusted: Atomic<Bool>

  private struct State {
    /// Wall clock minus monotonic at the start, for as long as the clock is not trusted.
    var untrustedOffset: Int64?
    /// A time that certainly lies in the past: the last commit.
    var certainPast: Timestamp
  }

  /// - Parameter lastCommit: the clock at the archive's last commit; a clock that is behind it is wrong.
  public init(_ base: any WallClock, lastCommit: Timestamp?, isSynchronised: @escaping Synchronised) {
    self.base = base
    self.isSynchronised = isSynchronised
    let past = max(lastCommit ?? TrustedClock.floor, TrustedClock.floor)
    let offset = base.now().milliseconds - TrustedClock.monotonicMilliseconds(base)
    let trusted = base.now() > past || isSynchronised()
    state = Mutex(State(untrustedOffset: trusted ? nil : offset, certainPast: past))
    self.trusted = Atomic(trusted)
  }

  /// Whether the kernel says that its clock follows a reference.
  public static let kernelSynchronised: Synchronised = { meterd_clock_is_synchronised() != 0 }

  public func now() -> Timestamp {
    if isTrusted { return base.now() }
    guard let offset = state.withLock({ $0.untrustedOffset }) else { return base.now() }
    return Timestamp(milliseconds: TrustedClock.monotonicMilliseconds(base) + offset)
  }

  public func monotonicNanoseconds() -> UInt64 { base.monotonicNanoseconds() }

  public var isTrusted: Bool { trusted.load(ordering: .acquiring) }

  /// Looks whether the clock can be trusted by now.
  ///
  /// - Returns: what must be added to the times given so far, once, when it has just become trusted.
  public func reconsider() -> Int64? {
    let synchronised = isSynchronised()
    return state.withLock { state in
      guard let offset = state.untrustedOffset else { return nil }
      let wall = base.now()
      guard synchronised || wall > state.certainPast else { return nil }
      state.untrustedOffset = nil
      trusted.store(true, ordering: .releasing)
      return wall.milliseconds - (TrustedClock.monotonicMilliseconds(base) + offset)
    }
  }

  private static func monotonicMilliseconds(_ clock: any WallClock) -> Int64 {
    Int64(clock.monotonicNanoseconds() / 1_000_000)
  }
}
