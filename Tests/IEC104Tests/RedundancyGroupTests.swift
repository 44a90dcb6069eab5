import Testing

@testable import IEC104

/// Exactly one started link (IEC 60870-5-104 clause 10.3).
@Suite struct RedundancyGroupTests {
  enum Step: Sendable {
    case connected(Int)
    case disconnected(Int)
    case started(Int)
    case stopped(Int)
    case switchOver(Int)
    case end

    func carryOut(_ group: inout RedundancyGroup) {
      switch self {
      case .connected(let link): group.connected(link)
      case .disconnected(let link): group.disconnected(link)
      case .started(let link): group.started(link)
      case .stopped(let link): group.stopped(link)
      case .switchOver(let link): _ = group.switchOver(to: link)
      case .end: group.end()
      }
    }
  }

  struct Line: Sendable, CustomTestStringConvertible {
    let name: String
    let links: Int
    let before: [Step]
    let step: Step
    let actions: [RedundancyGroup.Action]
    let startedLink: Int?

    init(
      _ name: String, links: Int = 2, _ before: [Step], _ step: Step, _ actions: [RedundancyGroup.Action],
      started: Int? = nil
    ) {
      (self.name, self.links, self.before, self.step) = (name, links, before, step)
      (self.actions, startedLink) = (actions, started)
    }

    var testDescription: String { name }
  }

  private static let one: [Step] = [.connected(0), .started(0)]
  private static let two: [Step] = one + [.connected(1)]

  static let lines: [Line] = [
    Line("the first that is connected is started", [], .connected(1), [.start(link: 1)]),
    Line("the second stays a standby", [.connected(0)], .connected(1), []),
    Line("connected twice", [.connected(0)], .connected(0), []),
    Line("no such link", [], .connected(2), []),
    Line("no such link, negative", [], .disconnected(-1), []),
    Line(
      "the first start is no switchover", [.connected(0)], .started(0), [.started(link: 0, isSwitchover: false)],
      started: 0),
    Line("a standby does not start by itself", two, .started(1), [], started: 0),
    Line("a standby that is lost", two, .disconnected(1), [], started: 0),
    Line(
      "failure of the started link", two, .disconnected(0), [.notStarted(link: 0, next: 1), .start(link: 1)]),
    Line(
      "the standby takes over", two + [.disconnected(0)], .started(1), [.started(link: 1, isSwitchover: true)],
      started: 1),
    Line(
      "it keeps to the link that works", two + [.disconnected(0), .started(1)], .connected(0), [], started: 1),
    Line("failure of the only link", one, .disconnected(0), [.notStarted(link: 0, next: nil)]),
    Line("failure twice", one + [.disconnected(0)], .disconnected(0), []),
    Line("the only link again", one + [.disconnected(0)], .connected(0), [.start(link: 0)]),
    Line(
      "another connection of the same link gets repeats too", one + [.disconnected(0), .connected(0)], .started(0),
      [.started(link: 0, isSwitchover: true)], started: 0),
    Line(
      "a start that is not confirmed is a failure", [.connected(0), .connected(1)], .disconnected(0),
      [.start(link: 1)]),
    Line(
      "the failed one waits its turn", [.connected(0), .connected(1), .disconnected(0), .connected(0)],
      .disconnected(1), [.start(link: 0)]),
    Line(
      "the next in the round, not the first", links: 3,
      [.connected(1), .started(1), .connected(0), .connected(2)], .disconnected(1),
      [.notStarted(link: 1, next: 2), .start(link: 2)]),
    Line("a switchover stops first", two, .switchOver(1), [.stop(link: 0)], started: 0),
    Line("a switchover to a link that is not there", one, .switchOver(1), [], started: 0),
    Line("a switchover to the current link", two, .switchOver(0), [], started: 0),
    Line("a switchover to no link", two, .switchOver(7), [], started: 0),
    Line(
      "a switchover starts the other after STOPDT con", two + [.switchOver(1)], .stopped(0),
      [.notStarted(link: 0, next: 1), .start(link: 1)]),
    Line(
      "a switchover whose stop fails", two + [.switchOver(1)], .disconnected(0),
      [.notStarted(link: 0, next: 1), .start(link: 1)]),
    Line(
      "a switchover whose target is lost", two + [.switchOver(1), .disconnected(1)], .stopped(0),
      [.notStarted(link: 0, next: 0), .start(link: 0)]),
    Line(
      "a switchover whose target is lost goes to the next", links: 3,
      two + [.connected(2), .switchOver(2), .disconnected(2)], .stopped(0),
      [.notStarted(link: 0, next: 1), .start(link: 1)]),
    Line(
      "a switchover while starting", [.connected(0), .connected(1)], .switchOver(1), [.stop(link: 0)]),
    Line(
      "STARTDT con during a switchover", [.connected(0), .connected(1), .switchOver(1)], .started(0), []),
    Line(
      "another target during a switchover", links: 3, two + [.connected(2), .switchOver(1), .switchOver(2)],
      .stopped(0), [.notStarted(link: 0, next: 2), .start(link: 2)]),
    Line("the end stops the started link", two, .end, [.stop(link: 0)], started: 0),
    Line("nothing is started after the end", two + [.end], .stopped(0), [.notStarted(link: 0, next: nil)]),
    Line("nothing is connected after the end", [.end], .connected(0), []),
    Line("no switchover after the end", two + [.end], .switchOver(1), [], started: 0),
    Line("the end twice", two + [.end], .end, [], started: 0),
    Line("the end of nothing", [], .end, []),
  ]

  @Test(arguments: lines) func oneTransition(line: Line) {
    var group = RedundancyGroup(links: line.links)
    for step in line.before { step.carryOut(&group) }
    _ = group.takeActions()
    line.step.carryOut(&group)
    #expect(group.takeActions() == line.actions)
    #expect(group.startedLink == line.startedLink)
  }

  /// Whatever happens in whatever order: never two links started or on their way, and one whenever one is connected.
  @Test(arguments: UInt64(0)..<50) func neverTwo(seed: UInt64) {
    var dice = SessionModelTests.Dice(state: seed)
    let count = Int.random(in: 1...4, using: &dice)
    var group = RedundancyGroup(links: count)
    var connected: Set<Int> = []
    /// Links with STARTDT act sent or confirmed, and not stopped.
    var active: Set<Int> = []
    for step in 0..<2_000 {
      let link = Int.random(in: 0..<count, using: &dice)
      switch Int.random(in: 0..<5, using: &dice) {
      case 0:
        connected.insert(link)
        group.connected(link)
      case 1:
        if Bool.random(using: &dice) { break }
        connected.remove(link)
        active.remove(link)
        group.disconnected(link)
      case 2: if active.contains(link) { group.started(link) }
      case 3: _ = group.switchOver(to: link)
      default:
        if active.remove(link) != nil { group.stopped(link) }
      }
      for action in group.takeActions() {
        if case .start(let link) = action {
          active.insert(link)
          #expect(connected.contains(link), "seed \(seed), step \(step)")
        }
      }
      #expect(active.count <= 1, "seed \(seed), step \(step)")
      #expect(active.isEmpty == connected.isEmpty, "seed \(seed), step \(step)")
      if let started = group.startedLink { #expect(active == [started], "seed \(seed), step \(step)") }
    }
  }
}
