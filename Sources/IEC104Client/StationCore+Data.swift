import IEC104
import NIOCore

extension StationCore {
  /// Octets of a connection. They are looked at where they lie; `readComplete` follows and carries out what comes of
  /// them.
  func received(_ buffer: ByteBuffer, from handler: LinkHandler) {
    let link = links[handler.link]
    guard link.handler === handler, link.isUp else { return }
    let now = now
    var frame = link.session.received
    let number = link.status.session
    // The delegate may call back while the session is at work: what would change it waits until it is done.
    link.isReceiving = true
    buffer.withUnsafeReadableBytes { bytes in
      link.session.receive(bytes, at: now) { asdu in
        frame += 1
        deliver(asdu, of: link, session: number, frame: frame, at: now)
      }
    }
    link.isReceiving = false
    if link.lateCommit > 0 {
      link.session.committed(through: link.lateCommit, at: now)
      link.lateCommit = 0
    }
    for asdu in link.lateSends { enqueue(asdu, over: link) }
    link.lateSends.removeAll(keepingCapacity: true)
  }

  private func deliver(
    _ asdu: UnsafeRawBufferPointer, of link: Link, session: UInt64, frame: UInt64, at now: UInt64
  ) {
    // Data that follow STARTDT con in the same segment, or come before it, are data of a link that carries.
    if link.isStartPending { carries(link) }
    delegate?.received(asdu, link: link.index, session: session, frame: frame)
    let header: ASDUHeader
    do { header = try ASDUHeader(asdu, format: settings.format) } catch {
      headless += 1
      return
    }
    if !acceptsAnyAddress, !settings.commonAddresses.contains(header.commonAddress) {
      noteForeign(header.commonAddress)
    }
    guard group.startedLink == link.index else { return }
    procedures.received(
      header, objects: UnsafeRawBufferPointer(rebasing: asdu[settings.format.headerSize...]), at: now)
    runProcedures()
  }

  private func noteForeign(_ address: UInt16) {
    if foreign.count < 64 || foreign[address] != nil { foreign[address, default: 0] += 1 }
  }

  func readComplete(_ handler: LinkHandler) {
    let link = links[handler.link]
    guard link.handler === handler, link.isUp else { return }
    settle(link)
    publishSoon()
  }

  func writabilityChanged(_ handler: LinkHandler) {
    let link = links[handler.link]
    guard link.handler === handler else { return }
    settle(link)
  }

  /// Carries out what a change of the session asks for, then writes, reads on, and sets the timer. Calls within calls
  /// are left to the outermost.
  func settle(_ link: Link) {
    guard link.isUp else { return }
    guard !link.isReceiving, !link.isSettling else {
      link.needsSettling = true
      return
    }
    link.isSettling = true
    repeat {
      link.needsSettling = false
      for event in link.session.takeEvents() where link.isUp { carryOut(event, of: link) }
    } while link.needsSettling && link.isUp
    link.isSettling = false
    guard link.isUp, let handler = link.handler else { return closeIfStopped() }
    if !link.session.outgoing.isEmpty {
      handler.write(link.session.outgoing)
      link.session.outgoing.removeAll(keepingCapacity: true)
    }
    // Writing may have shown that the connection is gone.
    guard link.isUp, link.handler === handler else { return }
    setSessionTimer(link)
    // A station that asks and asks and takes no answer would fill the memory with answers.
    handler.setMayRead(link.session.mayRead && handler.isWritable)
    closeIfStopped()
  }

  private func carryOut(_ event: Session.Event, of link: Link) {
    switch event {
    case .started:
      if link.isStartPending { carries(link) }
    case .stopped:
      setState(link, .standby)
      group.stopped(link.index)
      runGroup()
    case .wantsCommit(let frame):
      delegate?.wantsCommit(link: link.index, session: link.status.session, through: frame)
    case .close(let reason): lose(link, reason)
    }
  }

  private func carries(_ link: Link) {
    link.isStartPending = false
    setState(link, .started)
    group.started(link.index)
    runGroup()
  }

  /// Moves only to earlier times: at a time that is no longer meant, the session is asked for the next one.
  private func setSessionTimer(_ link: Link) {
    guard let deadline = link.session.nextDeadline, deadline < link.sessionTimerDeadline else { return }
    link.sessionTimer?.cancel()
    link.sessionTimerDeadline = deadline
    link.sessionTimer = loop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(deadline)) { [self] in
      link.sessionTimer = nil
      link.sessionTimerDeadline = .max
      guard link.isUp else { return }
      link.session.tick(at: now)
      settle(link)
      publishSoon()
    }
  }

  // MARK: Redundancy group

  func runGroup() {
    guard !isRunningGroup else { return }
    isRunningGroup = true
    while true {
      let actions = group.takeActions()
      if actions.isEmpty { break }
      actions.forEach(carryOut)
    }
    isRunningGroup = false
  }

  private func carryOut(_ action: RedundancyGroup.Action) {
    switch action {
    case .start(let index):
      let link = links[index]
      guard link.isUp else { return }
      link.isStartPending = true
      setState(link, .starting)
      link.session.start(at: now)
      settle(link)
    case .stop(let index):
      let link = links[index]
      guard link.isUp else { return }
      link.isStartPending = false
      setState(link, .stopping)
      link.session.stop(at: now)
      settle(link)
    case .started(let index, let isSwitchover):
      if isSwitchover { switchovers += 1 }
      publish()
      happened(.started(link: index, session: links[index].status.session, isSwitchover: isSwitchover))
      procedures.linkStarted(at: now)
      runProcedures()
    case .notStarted(let index, let next):
      publish()
      let then = next.map { "starting \(links[$0].endpoint)" } ?? "no other link is connected"
      let why = isStopping ? "this gateway stops" : then
      happened(.notStarted(reason: "\(settings.id) \(links[index].endpoint): carries no data any more; \(why)"))
      procedures.linkLost(at: now)
      runProcedures()
    }
  }
}
