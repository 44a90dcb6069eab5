import IEC104
import NIOCore

extension StationCore {
  /// Carries out what the procedures want, mostly nothing.
  func runProcedures() {
    guard !isRunningProcedures else { return }
    var actions = procedures.takeActions()
    guard !actions.isEmpty else { return setProcedureTimer() }
    isRunningProcedures = true
    while !actions.isEmpty {
      actions.forEach(carryOut)
      actions = procedures.takeActions()
    }
    isRunningProcedures = false
    setProcedureTimer()
  }

  private func setProcedureTimer() {
    guard let deadline = procedures.nextDeadline, deadline < procedureTimerDeadline, !hasEnded else { return }
    procedureTimer?.cancel()
    procedureTimerDeadline = deadline
    procedureTimer = loop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(deadline)) { [self] in
      procedureTimer = nil
      procedureTimerDeadline = .max
      procedures.tick(at: now)
      runProcedures()
      setProcedureTimer()
    }
  }

  private func carryOut(_ action: Procedures.Action) {
    switch action {
    case .send(let asdu): send(asdu)
    case .sendClock(let address):
      guard let time = delegate?.clockTime() else {
        return notSent(.clockSynchronization, address, "this gateway's own clock is not trusted")
      }
      make(.clockSynchronization, address) { originator, format throws(ASDUFault) in
        try .clockSynchronization(time, commonAddress: address, originator: originator, format: format)
      }
    case .sendTest(let counter, let address):
      // A test needs no right time; one that is not known says so by IV.
      let time = delegate?.clockTime() ?? CP56Time2a(octets: 1 << 23)
      make(.test, address) { originator, format throws(ASDUFault) in
        try .test(counter: counter, time: time, commonAddress: address, originator: originator, format: format)
      }
    case .began(let request): happened(.began(request))
    case .ended(let request, let outcome): happened(.ended(request, outcome))
    case .endOfInitialization(let address): happened(.endOfInitialization(commonAddress: address))
    }
  }

  private func make(
    _ kind: Procedures.Kind, _ address: UInt16,
    _ make: (_ originator: UInt8, _ format: ASDUFormat) throws(ASDUFault) -> OutgoingASDU
  ) {
    do throws(ASDUFault) { send(try make(settings.originator, settings.format)) } catch {
      notSent(kind, address, error.description)
    }
  }

  private func send(_ asdu: OutgoingASDU) {
    guard let index = group.startedLink else { return refuse(asdu) }
    let link = links[index]
    if link.isReceiving { return link.lateSends.append(asdu) }
    enqueue(asdu, over: link)
    settle(link)
  }

  func enqueue(_ asdu: OutgoingASDU, over link: Link) {
    if !link.isUp || !link.session.send(asdu, at: now) { refuse(asdu) }
  }

  /// Which procedure it belongs to stands in its type.
  private func refuse(_ asdu: OutgoingASDU) {
    guard let header = try? ASDUHeader(asdu.bytes, format: settings.format) else { return }
    let kind: Procedures.Kind? =
      switch header.type {
      case .C_IC_NA_1: .general(qualifier: 20)
      case .C_CI_NA_1: .counter(.read, qualifier: 5)
      case .C_RD_NA_1: .read(objectAddress: 0)
      case .C_CS_NA_1: .clockSynchronization
      case .C_TS_TA_1: .test
      default: nil
      }
    if let kind { notSent(kind, header.commonAddress, "the link takes no more requests") }
  }

  private func notSent(_ kind: Procedures.Kind, _ address: UInt16, _ words: String) {
    procedures.notSent(kind, commonAddress: address, because: words, at: now)
    runProcedures()
  }
}
