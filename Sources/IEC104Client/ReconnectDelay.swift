/// How long a link waits after it failed: from a minimum on, doubling up to a maximum, spread by chance so that
/// the gateways of a region do not all come back at the same moment.
struct ReconnectDelay {
  private let minimum: Int64
  private let maximum: Int64
  /// In a row, without a connection that held.
  private(set) var failures = 0

  /// A connection that lived so long was a good one.
  static let stableNanoseconds: UInt64 = 60_000_000_000

  init(minimumMilliseconds: Int, maximumMilliseconds: Int) {
    minimum = Int64(min(max(minimumMilliseconds, 1), 1 << 40))
    maximum = max(minimum, Int64(min(max(maximumMilliseconds, 1), 1 << 40)))
  }

  mutating func held() { failures = 0 }

  /// - Parameter chance: 0…1.
  /// - Returns: milliseconds; at first 1 to 1.5 times the minimum, at last two thirds of the maximum to all of it.
  mutating func failed(chance: Double) -> Int64 {
    let doublings = min(failures, 40)
    failures += 1
    let most = min(Double(maximum), Double(minimum) * 1.5 * Double(UInt64(1) << UInt64(doublings)))
    let least = max(min(Double(minimum), Double(maximum)), most * 2 / 3)
    return Int64(least + (most - least) * min(max(chance, 0), 1))
  }
}
