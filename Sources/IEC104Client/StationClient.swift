import FoundationEssentials
import IEC104
import NIOCore
import Synchronization

/// Reads one IEC 60870-5-104 station: connects, keeps connected, starts data transfer on one link of the redundancy
/// group, runs the interrogations, and acknowledges what its delegate says is committed, nothing else.
///
/// It cannot command a process: there is no way here to send anything but the system commands of `Procedures`.
/// All links of a station live on one event loop. A client that was started lives, and holds its delegate, until `stop`
/// has returned.
public final class StationClient: Sendable {
  public let settings: StationClientSettings
  private let loop: any EventLoop
  let core: NIOLoopBoundBox<StationCore>
  private let shared: StationCore.Shared

  /// - Throws: `StationClientSettings.Fault`, in words. Files of TLS are looked at when it connects.
  public convenience init(
    _ settings: StationClientSettings, group: any EventLoopGroup, delegate: any StationClientDelegate
  ) throws {
    try self.init(settings, loop: group.next(), delegate: delegate)
  }

  init(
    _ settings: StationClientSettings, loop: any EventLoop, delegate: any StationClientDelegate,
    opener: LinkOpener = .sockets, chance: @escaping @Sendable () -> Double = { .random(in: 0...1) },
    clock: @escaping @Sendable () -> Date = { Date() }
  ) throws {
    try settings.check()
    self.settings = settings
    self.loop = loop
    let links = settings.endpoints.map { StationClientStatus.Link(endpoint: $0) }
    shared = StationCore.Shared(StationClientStatus(links: links))
    core = .makeBoxSendingValue(
      StationCore(
        settings, loop: loop, shared: shared, delegate: delegate, opener: opener, chance: chance, clock: clock),
      eventLoop: loop)
  }

  /// Begins to connect. Failures are told and tried again, for ever.
  public func start() { onLoop { $0.start() } }

  /// Waits until what was received is committed and acknowledged and STOPDT is confirmed, each for t1 at most, all for 10 s; then
  /// closes. A client that was stopped stays so.
  public func stop() async { try? await stopped().get() }

  func stopped() -> EventLoopFuture<Void> {
    let promise = loop.makePromise(of: Void.self)
    onLoop { $0.stop(promise) }
    return promise.futureResult
  }

  /// The I frames 1…`frame` of that connection are on disk. From any thread, also out of the delegate's methods; said
  /// of a connection that is over it does nothing.
  public func committed(link: Int, session: UInt64, through frame: UInt64) {
    if loop.inEventLoop { return core.value.committed(link: link, session: session, through: frame) }
    // One task for the loop, however many commits come before it runs.
    let isFirst = shared.commits.withLock { commits in
      let isFirst = commits.isEmpty
      if let known = commits[link], (known.session, known.frame) >= (session, frame) { return isFirst }
      commits[link] = (session, frame)
      return isFirst
    }
    guard isFirst else { return }
    loop.execute { [core, shared] in
      let commits = shared.commits.withLock { commits in
        defer { commits.removeAll(keepingCapacity: true) }
        return commits
      }
      for (link, commit) in commits {
        core.value.committed(link: link, session: commit.session, through: commit.frame)
      }
    }
  }

  /// Asks for a procedure; `StationEvent.ended` tells its outcome. From any thread.
  public func request(_ request: Procedures.Request) { onLoop { $0.request(request) } }

  /// At most a quarter of a second old. From any thread.
  public var status: StationClientStatus { shared.status.withLock { $0 } }

  private func onLoop(_ task: @escaping @Sendable (StationCore) -> Void) {
    if loop.inEventLoop { task(core.value) } else { loop.execute { [core] in task(core.value) } }
  }
}
