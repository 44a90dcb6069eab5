import IEC104
import NIOCore
import NIOPosix

extension StationCore {
  /// Certificates and revocation lists of a connection that stands are looked at again so often; IEC 62351-3 asks for
  /// once in 24 hours at least.
  static let certificateInterval = TimeAmount.hours(1)

  private var t0: TimeAmount { .milliseconds(Int64(min(max(settings.session.t0Milliseconds, 1), 1 << 40))) }

  func connect(_ link: Link) {
    link.attempt += 1
    let attempt = link.attempt
    link.tls = nil
    setState(link, .connecting)
    // Over all: files, name, connection and TLS handshake.
    link.stageTimer = loop.assumeIsolated().scheduleTask(in: t0) { [self] in
      guard link.attempt == attempt else { return }
      let stage = link.status.state == .handshaking ? "the TLS handshake did not end" : "no answer"
      failed(link, "\(stage) within t0 (\(LinkWords.duration(milliseconds: t0.nanoseconds / 1_000_000)))")
    }
    guard let tlsSource else { return open(link, nil) }
    let name = settings.tls?.serverName ?? link.endpoint.host
    let clock = clock
    NIOThreadPool.singleton.runIfActive(eventLoop: loop) {
      try TLSLink(StationVerification(material: tlsSource.load(), name: name, now: clock))
    }.assumeIsolated().whenComplete { [self] result in
      guard link.attempt == attempt else { return }
      switch result {
      case .success(let tls):
        link.tls = tls
        open(link, tls)
      case .failure(let error): failed(link, LinkWords.describe(error))
      }
    }
  }

  private func open(_ link: Link, _ tls: TLSLink?) {
    let attempt = link.attempt
    let index = link.index
    let core = NIOLoopBound(self, eventLoop: loop)
    opener.open(link.endpoint, loop, t0) { channel in
      channel.eventLoop.makeCompletedFuture {
        let pipeline = channel.pipeline.syncOperations
        if let tls { try pipeline.addHandler(tls.makeHandler()) }
        try pipeline.addHandler(LinkHandler(core.value, link: index, isTLS: tls != nil))
      }
    }.assumeIsolated().whenComplete { [self] result in
      switch result {
      case .success(let channel):
        guard link.attempt == attempt else { return channel.close(promise: nil) }
        connected(link, channel)
      case .failure(let error):
        guard link.attempt == attempt else { return }
        failed(link, LinkWords.describe(error))
      }
    }
  }

  private func connected(_ link: Link, _ channel: any Channel) {
    guard let handler = try? channel.pipeline.syncOperations.handler(type: LinkHandler.self) else {
      channel.close(promise: nil)
      return failed(link, CloseReason.peerClosed.description)
    }
    link.handler = handler
    if handler.hasEnded { return ended(handler) }
    if link.tls == nil || handler.isHandshakeDone { return opened(link, handler) }
    setState(link, .handshaking)
  }

  func handshakeDone(_ handler: LinkHandler) {
    let link = links[handler.link]
    guard link.handler === handler, !link.isUp else { return }
    opened(link, handler)
  }

  private func opened(_ link: Link, _ handler: LinkHandler) {
    link.stageTimer?.cancel()
    link.stageTimer = nil
    sessions += 1
    link.isUp = true
    link.upSince = now
    link.past = link.past + link.session.statistics
    link.session = Session(role: .controlling, parameters: settings.session)
    link.session.opened(at: now)
    link.status.session = sessions
    link.status.connections += 1
    setState(link, .standby)
    if link.tls != nil { checkCertificatesLater(link) }
    happened(.linkUp(link: link.index, session: sessions))
    handler.setMayRead(true)
    guard link.isUp else { return }
    group.connected(link.index)
    runGroup()
    settle(link)
  }

  /// The connection's end, told by its pipeline.
  func ended(_ handler: LinkHandler) {
    let link = links[handler.link]
    guard link.handler === handler else { return }
    let error: (any Error)? = link.tls?.refusal ?? handler.error
    let words = error.map(LinkWords.describe) ?? CloseReason.peerClosed.description
    if link.isUp {
      lose(link, words == CloseReason.peerClosed.description ? .peerClosed : .transport(words))
    } else {
      failed(link, words)
    }
  }

  /// No connection came of it.
  private func failed(_ link: Link, _ why: String) {
    abandon(link)
    link.status.failures += 1
    let reason = retry(link, why)
    happened(.connectFailed(link: link.index, reason: reason))
  }

  /// A connection that stood is over: the other side ended it, it broke a rule, or we are done.
  func lose(_ link: Link, _ reason: CloseReason) {
    guard link.isUp else { return }
    link.isUp = false
    link.session.closed(reason)
    if now &- link.upSince >= ReconnectDelay.stableNanoseconds { link.delay.held() }
    let number = link.status.session
    abandon(link)
    let words: String
    if reason == .local {
      setState(link, .ended)
      words = "\(settings.id) \(link.endpoint): \(reason)"
    } else {
      link.status.failures += 1
      words = retry(link, reason.description)
    }
    happened(.linkDown(link: link.index, session: number, reason: words, close: reason))
    group.disconnected(link.index)
    runGroup()
    closeIfStopped()
  }

  private func abandon(_ link: Link) {
    link.attempt += 1
    link.cancelTimers()
    link.isStartPending = false
    link.lateCommit = 0
    link.lateSends.removeAll()
    let handler = link.handler
    link.handler = nil
    handler?.close()
  }

  /// - Returns: what happened where, how often in a row, and when it is tried again.
  private func retry(_ link: Link, _ why: String) -> String {
    let pause = link.delay.failed(chance: chance())
    var words = "\(settings.id) \(link.endpoint): \(why)"
    if link.delay.failures > 1 { words += ", \(LinkWords.ordinal(link.delay.failures)) time" }
    guard !isStopping else {
      link.status.lastError = words
      setState(link, .ended)
      return words
    }
    words += "; next try in \(LinkWords.duration(milliseconds: pause))"
    link.status.lastError = words
    setState(link, .waiting)
    link.stageTimer = loop.assumeIsolated().scheduleTask(in: .milliseconds(pause)) { [self] in connect(link) }
    return words
  }

  private func checkCertificatesLater(_ link: Link) {
    link.certificateTimer = loop.assumeIsolated().scheduleTask(in: Self.certificateInterval) { [self] in
      checkCertificates(link)
    }
  }

  func checkCertificates(_ link: Link) {
    guard link.isUp, let tls = link.tls, let tlsSource else { return }
    let attempt = link.attempt
    NIOThreadPool.singleton.runIfActive(eventLoop: loop) {
      var unreadable: TLSRefusal?
      let refusal = tls.check(tlsSource, unreadable: &unreadable)
      return (refusal, unreadable)
    }.assumeIsolated().whenSuccess { [self] refusal, unreadable in
      guard link.isUp, link.attempt == attempt else { return }
      if let unreadable {
        link.status.lastError = "\(settings.id) \(link.endpoint): \(unreadable); the files read before are used"
        publish()
      }
      if let refusal { return lose(link, .transport(refusal.description)) }
      checkCertificatesLater(link)
    }
  }
}
