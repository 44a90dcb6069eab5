import Metering

/// Which slots of one item were handed out already, as due or as missed.
///
/// While the wall clock goes forward that is one growing run. Each step back puts the run aside and starts another.
struct HandedOut {
  /// More than this many separate stretches of time would take as many steps of the clock to places never seen before.
  static let maximumStretches = 8

  /// Put aside, ascending and apart from each other.
  private var stretches: [ClosedRange<Timestamp>] = []
  private var run: ClosedRange<Timestamp>?

  mutating func extend(from: Timestamp, through: Timestamp) {
    run = (run?.lowerBound ?? from)...through
  }

  mutating func putRunAside() {
    guard var new = run else { return }
    run = nil
    stretches.removeAll {
      guard $0.overlaps(new) else { return false }
      new = min($0.lowerBound, new.lowerBound)...max($0.upperBound, new.upperBound)
      return true
    }
    stretches.insert(new, at: stretches.firstIndex { $0.lowerBound > new.lowerBound } ?? stretches.count)
    if stretches.count > HandedOut.maximumStretches { joinNearest() }
  }

  /// Whether a slot of the present run was handed out in an earlier one.
  func contains(_ slot: Timestamp) -> Bool { stretches.contains { $0.contains(slot) } }

  /// Calls `body` with the parts of [from, through] that were not handed out.
  func forEachGap(from: Timestamp, through: Timestamp, _ body: (_ from: Timestamp, _ through: Timestamp) -> Void) {
    var at = from
    for stretch in stretches where stretch.upperBound >= at && stretch.lowerBound <= through {
      if at < stretch.lowerBound { body(at, stretch.lowerBound - 1) }
      at = stretch.upperBound + 1
    }
    if at <= through { body(at, through) }
  }

  /// Gives up the shortest gap: its slots would count as repeated, which loses no reading and counts none twice.
  private mutating func joinNearest() {
    let gaps = zip(stretches, stretches.dropFirst()).map { $1.lowerBound - $0.upperBound }
    guard let at = gaps.indices.min(by: { gaps[$0] < gaps[$1] }) else { return }
    stretches[at] = stretches[at].lowerBound...stretches[at + 1].upperBound
    stretches.remove(at: at + 1)
  }
}
