import FoundationEssentials
import IEC104
import NIOCore
import Synchronization

/// Everything of one station, on its event loop only.
final class StationCore {
  let settings: StationClientSettings
  let loop: any EventLoop
  let shared: Shared
  let opener: LinkOpener
  /// 0…1
  let chance: @Sendable () -> Double
  let clock: @Sendable () -> Date
  let tlsSource: TLSSource?
  /// Held until the client has stopped.
  var delegate: (any StationClientDelegate)?
  let links: [Link]
  var group: RedundancyGroup
  var procedures: Procedures
  /// Connections of the client.
  var sessions: UInt64 = 0
  var switchovers: UInt64 = 0
  var foreign: [UInt16: UInt64] = [:]
  var headless: UInt64 = 0
  let acceptsAnyAddress: Bool

  var isStarted = false
  var isStopping = false
  var hasEnded = false
  var stopPromises: [EventLoopPromise<Void>] = []
  var isRunningGroup = false
  var isRunningProcedures = false
  var procedureTimer: Scheduled<Void>?
  var procedureTimerDeadline = UInt64.max
  var statusTimer: Scheduled<Void>?
  var stopTimer: Scheduled<Void>?

  /// What other threads may touch.
  final class Shared: Sendable {
    let status: Mutex<StationClientStatus>
    /// By link: committed, and not yet told to the loop.
    let commits = Mutex<[Int: (session: UInt64, frame: UInt64)]>([:])

    init(_ status: StationClientStatus) { self.status = Mutex(status) }
  }

  init(
    _ settings: StationClientSettings, loop: any EventLoop, shared: Shared, delegate: any StationClientDelegate,
    opener: LinkOpener, chance: @escaping @Sendable () -> Double, clock: @escaping @Sendable () -> Date
  ) {
    self.settings = settings
    self.loop = loop
    self.shared = shared
    self.delegate = delegate
    self.opener = opener
    self.chance = chance
    self.clock = clock
    tlsSource = settings.tls.map(TLSSource.init)
    links = settings.endpoints.enumerated().map { Link(index: $0, endpoint: $1, settings: settings) }
    group = RedundancyGroup(links: links.count)
    procedures = Procedures(
      Procedures.Parameters(
        commonAddresses: settings.commonAddresses, startup: settings.startup, format: settings.format,
        originator: settings.originator, inactivityMilliseconds: settings.procedureTimeoutMilliseconds))
    acceptsAnyAddress = settings.commonAddresses.contains(settings.format.broadcastAddress)
  }

  var now: UInt64 { loop.now.uptimeNanoseconds }

  func start() {
    guard !isStarted, !isStopping else { return }
    isStarted = true
    links.forEach(connect)
  }

  func committed(link index: Int, session number: UInt64, through frame: UInt64) {
    guard links.indices.contains(index) else { return }
    let link = links[index]
    guard link.isUp, link.status.session == number else { return }
    if link.isReceiving {
      link.lateCommit = max(link.lateCommit, frame)
    } else {
      link.session.committed(through: frame, at: now)
      settle(link)
      publishSoon()
    }
  }

  func request(_ request: Procedures.Request) {
    guard !hasEnded else { return }
    procedures.request(request, at: now)
    runProcedures()
  }

  func happened(_ event: StationEvent) { delegate?.happened(event) }

  // MARK: Stop

  /// In all: systemd gives the daemon 30 s.
  static let longestStop = TimeAmount.seconds(10)

  /// Acknowledges what is committed, stops data transfer, closes. Each wait has its t1, all together `longestStop`.
  func stop(_ promise: EventLoopPromise<Void>) {
    if hasEnded { return promise.succeed() }
    stopPromises.append(promise)
    guard !isStopping else { return }
    isStopping = true
    for link in links where !link.isUp {
      link.attempt += 1
      link.cancelTimers()
      link.handler?.close()
      link.handler = nil
      setState(link, .ended)
    }
    group.end()
    runGroup()
    closeIfStopped()
    // A station that answers nothing, or a disk that takes nothing, does not keep the process: whoever stops it waits no longer.
    if !hasEnded {
      stopTimer = loop.assumeIsolated().scheduleTask(in: StationCore.longestStop) { [self] in
        for link in links where link.isUp { lose(link, .local) }
        closeIfStopped()
      }
    }
  }

  func closeIfStopped() {
    guard isStopping, !hasEnded, !links.contains(where: { $0.isUp && $0.session.state == .stopping }) else { return }
    hasEnded = true
    let closing = links.filter(\.isUp).compactMap { $0.handler?.closeFuture }
    for link in links where link.isUp { lose(link, .local) }
    stopTimer?.cancel()
    procedureTimer?.cancel()
    statusTimer?.cancel()
    publish()
    let promises = stopPromises
    stopPromises = []
    EventLoopFuture.andAllComplete(closing, on: loop).assumeIsolated().whenComplete { [self] _ in
      delegate = nil
      for promise in promises { promise.succeed() }
    }
  }

  // MARK: Status

  func setState(_ link: Link, _ state: StationClientStatus.Link.State) {
    link.status.state = state
    link.status.sinceNanoseconds = now
    publish()
  }

  func publish() {
    for link in links { link.refreshStatus() }
    var status = StationClientStatus(links: links.map(\.status))
    status.startedLink = group.startedLink
    status.switchovers = switchovers
    status.foreignCommonAddresses = foreign
    status.headless = headless
    shared.status.withLock { $0 = status }
  }

  /// Counters move with each frame, their publication does not.
  func publishSoon() {
    guard statusTimer == nil, !hasEnded else { return }
    statusTimer = loop.assumeIsolated().scheduleTask(in: .milliseconds(250)) { [self] in
      statusTimer = nil
      publish()
    }
  }
}
