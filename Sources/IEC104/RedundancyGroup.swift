/// The connections of one redundancy group, without I/O: of those that are there exactly one is started (IEC 60870-5-104
/// clause 10.3). The others stay stopped, kept alive by the TESTFR of their own sessions.
///
/// Tell it what happens to each link and carry its actions out. It keeps to the link that is started for as long as that one lives.
public struct RedundancyGroup: Sendable {
  public enum Action: Hashable, Sendable {
    /// `Session.start` on this link.
    case start(link: Int)
    /// `Session.stop` on this link.
    case stop(link: Int)
    /// This link carries data now. `isSwitchover`: another connection did before, of this link or another one; what that one had
    /// received and not acknowledged comes again.
    case started(link: Int, isSwitchover: Bool)
    /// This link carries data no longer. `next` is being started; nil: none is connected.
    case notStarted(link: Int, next: Int?)
  }

  private struct Current: Sendable {
    let link: Int
    var phase: Phase
    /// Its start was confirmed.
    var carries = false
  }

  private enum Phase: Sendable { case starting, started, stopping }

  private var isConnected: [Bool]
  /// The one link that is started, or on its way there or back.
  private var current: Current?
  /// To be started after the current one is stopped.
  private var target: Int?
  private var hasCarried = false
  private var isEnding = false
  private var actions: [Action] = []

  /// - Parameter links: numbered from 0.
  public init(links: Int) { isConnected = Array(repeating: false, count: max(1, links)) }

  /// The link that carries data.
  public var startedLink: Int? { current.flatMap { $0.carries ? $0.link : nil } }

  /// The transport of a link is there, data transfer stopped.
  public mutating func connected(_ link: Int) {
    guard isConnected.indices.contains(link), !isConnected[link] else { return }
    isConnected[link] = true
    if current == nil { startNext(from: link) }
  }

  /// `Session.Event.started` of a link.
  public mutating func started(_ link: Int) {
    guard let current, current.link == link, current.phase == .starting else { return }
    self.current = Current(link: link, phase: .started, carries: true)
    actions.append(.started(link: link, isSwitchover: hasCarried))
    hasCarried = true
  }

  /// `Session.Event.stopped` of a link.
  public mutating func stopped(_ link: Int) { leave(link) }

  /// A link's connection ended or a rule was broken on it; a start that is not confirmed in time (t1) comes here too.
  public mutating func disconnected(_ link: Int) {
    guard isConnected.indices.contains(link), isConnected[link] else { return }
    isConnected[link] = false
    if target == link { target = nil }
    leave(link)
  }

  /// Changes to another link that is connected: the current one is stopped first.
  ///
  /// - Returns: false where that link is not connected, or the current one.
  public mutating func switchOver(to link: Int) -> Bool {
    guard !isEnding, isConnected.indices.contains(link), isConnected[link], current?.link != link else { return false }
    if current == nil {
      startNext(from: link)
    } else {
      target = link
      stopCurrent()
    }
    return true
  }

  /// No link is to be started any more; the one that is, is stopped.
  public mutating func end() {
    isEnding = true
    target = nil
    stopCurrent()
  }

  /// What is to be done since the last call, in order.
  public mutating func takeActions() -> [Action] {
    guard !actions.isEmpty else { return [] }
    defer { actions.removeAll(keepingCapacity: true) }
    return actions
  }

  private mutating func stopCurrent() {
    guard let current, current.phase != .stopping else { return }
    self.current?.phase = .stopping
    actions.append(.stop(link: current.link))
  }

  /// The link is the current one no longer; the next takes its place, the one that was asked for first.
  private mutating func leave(_ link: Int) {
    guard let left = current, left.link == link else { return }
    current = nil
    let next = candidate(from: target ?? link + 1)
    target = nil
    if left.carries { actions.append(.notStarted(link: link, next: next)) }
    if let next { startNext(from: next) }
  }

  private mutating func startNext(from link: Int) {
    guard let next = candidate(from: link) else { return }
    current = Current(link: next, phase: .starting)
    actions.append(.start(link: next))
  }

  /// The first connected link from this one on, round the group.
  private func candidate(from link: Int) -> Int? {
    guard !isEnding else { return nil }
    return isConnected.indices.map { ($0 + link) % isConnected.count }.first { isConnected[$0] }
  }
}
