import Metering

/// What is known of one device on its bus: whether it answers, and when it is tried next.
public struct DeviceState: Sendable, Hashable {
  /// Polls in a row that ended without an answer.
  public private(set) var failures = 0
  public private(set) var lastError: String?
  public private(set) var lastErrorAt: Timestamp?
  /// False while the link to it is down.
  public private(set) var isReachable = true
  /// A dead device is not tried before.
  public private(set) var probeAt: Timestamp?
  private var probeAfterMilliseconds: Int64 = 0

  /// After so many failures in a row a device costs its bus no more than one timeout per probe.
  static let failuresBeforeProbing = 3

  mutating func answered() {
    isReachable = true
    failures = 0
    probeAt = nil
  }

  mutating func refused(_ why: String, at now: Timestamp) {
    answered()
    lastError = why
    lastErrorAt = now
  }

  /// The link failed: nothing is known of the device, so it is not blamed.
  mutating func unreachable(_ why: String, at now: Timestamp) {
    isReachable = false
    lastError = why
    lastErrorAt = now
  }

  mutating func failed(_ why: String, at now: Timestamp, probeEveryMilliseconds: Int64, zone: Zone) {
    isReachable = true
    failures += 1
    let over = failures - DeviceState.failuresBeforeProbing
    if over >= 0 {
      let factor = over >= 4 ? 10 : min(Int64(1) << Int64(over), 10)
      probeAfterMilliseconds = probeEveryMilliseconds * factor
      probeAt = now + probeAfterMilliseconds
    }
    let ordinal = failures == 1 ? "" : ", \(DeviceState.ordinal(failures)) time"
    let next = probeAt.map { "; next try \(DeviceState.timeOfDay($0, zone))" } ?? ""
    lastError = why + ordinal + next
    lastErrorAt = now
  }

  /// Whether its time has come; or the clock stepped back, so that it lies further away than the device was to wait.
  func mayBeTried(at now: Timestamp) -> Bool {
    guard let probeAt else { return true }
    return now >= probeAt || probeAt - now > probeAfterMilliseconds
  }

  /// `10:16:00`, as the clock on the wall of the site shows it.
  private static func timeOfDay(_ time: Timestamp, _ zone: Zone) -> String {
    String(
      Timestamp(seconds: time.seconds).rfc3339(offsetSeconds: zone.offsetSeconds(at: time)).dropFirst(11).prefix(8))
  }

  static func ordinal(_ number: Int) -> String {
    let suffix =
      switch (number % 10, number % 100) {
      case (1, let h) where h != 11: "st"
      case (2, let h) where h != 12: "nd"
      case (3, let h) where h != 13: "rd"
      default: "th"
      }
    return "\(number)\(suffix)"
  }
}
