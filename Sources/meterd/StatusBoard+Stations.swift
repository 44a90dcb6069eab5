import Acquisition
import Decoding
import Forwarding
import IEC104
import IEC104Client
import Metering
import Settings
import StatusAPI

extension StatusBoard {
  /// The row of a station among the buses.
  func status(of station: Settings.Station, _ state: Acquisition.StationState?, _ text: (Timestamp) -> String)
    -> BusStatus
  {
    let counts = state?.counts ?? StationCounts()
    let links = state?.client.links ?? []
    let carrier = state?.client.startedLink.flatMap { links.indices.contains($0) ? links[$0] : nil }
    let hasTried = links.contains { $0.connections > 0 || $0.failures > 0 }
    let linkError = carrier == nil ? links.compactMap(\.lastError).first : nil
    let objects = state?.unnamed ?? ObjectList()
    return BusStatus(
      id: station.id, type: "iec104", address: station.endpoints.map(\.description).joined(separator: ", "),
      state: carrier != nil ? .up : hasTried ? .down : .unknown, requests: counts.requests, good: counts.complete,
      timeouts: counts.timeouts, malformed: counts.malformed + counts.brokenRules, exceptions: counts.refusals,
      linkFailures: links.reduce(0) { $0 + $1.failures }, skippedSlots: counts.skippedSlots,
      queueLength: state?.waitingForArchive ?? 0,
      lastError: linkError ?? counts.lastError.map { "\(station.id): \($0)" },
      lastErrorAt: linkError == nil ? counts.lastErrorAt.map(text) : nil,
      advice: StatusBoard.advice(station, state?.client),
      station: StationStatus(
        asdus: counts.asdus, objects: counts.objects, namedObjects: counts.namedObjects,
        repeatedObjects: counts.repeatedObjects, malformedASDUs: counts.malformed, testASDUs: counts.testASDUs,
        trailingOctetASDUs: counts.trailingOctets, unnamedObjects: objects.items.count,
        unnamed: objects.items.map { StationObjectStatus($0.key, $0.value, text) },
        waitingForArchive: state?.waitingForArchive ?? 0, commitFailures: state?.commitFailures ?? 0,
        links: links.map { link($0, isTLS: station.tls != nil, text) },
        interrogations: counts.interrogations.values.map { InterrogationStatus($0, text) }))
  }

  /// A meter that hangs on a station: what it has depends on the link and on what the interrogations bring.
  func status(
    of meter: Settings.Meter, _ station: Definition.Station, _ known: MeterBoard.Meter?,
    _ state: Acquisition.StationState?, due: UInt64, sent: Forwarding.ForwardStatus.Count?, _ now: Timestamp,
    _ text: (Timestamp) -> String
  ) -> MeterStatus {
    let isUp = state?.client.startedLink != nil
    let readings = known.map { Array($0.rare.values) } ?? []
    let bad = readings.filter { $0.quality == .bad }.sorted { $0.quantity < $1.quantity }
    let worst: Quality? =
      readings.isEmpty ? nil : !bad.isEmpty ? .bad : readings.contains { $0.quality == .uncertain } ? .uncertain : .good
    let hasTried = state?.client.links.contains { $0.failures > 0 } == true
    let error: String? =
      if !isUp, hasTried {
        state?.client.links.compactMap(\.lastError).first
      } else if let first = bad.first {
        "\(meter.id)/\(first.quantity): \(first.flags.joined(separator: "+")) from \(station.id)"
      } else {
        nil
      }
    return MeterStatus(
      id: meter.id, name: meter.definition.metadata["name"] ?? "", bus: station.id,
      state: !isUp && hasTried || !bad.isEmpty ? .failing : worst == nil ? .waiting : .ok,
      link: isUp ? "up" : hasTried ? "link down" : "waiting", lastGoodAt: known?.lastGoodAt.map(text),
      ageSeconds: known?.lastGoodAt.map { UInt64(max(now - $0, 0) / 1000) }, quality: worst?.rawValue,
      uploadRateToday: sent.flatMap { $0.rows > 0 ? Double($0.taken) / Double($0.rows) : nil },
      takenRateToday: due > 0 ? min(1, Double(known?.takenToday ?? 0) / Double(due)) : nil, dueToday: due,
      takenToday: known?.takenToday ?? 0, lastError: error)
  }

  private func link(_ link: StationClientStatus.Link, isTLS: Bool, _ text: (Timestamp) -> String) -> StationLinkStatus {
    let clock = SystemClock()
    let age =
      link.sinceNanoseconds == 0
      ? nil : clock.monotonicNanoseconds() - min(clock.monotonicNanoseconds(), link.sinceNanoseconds)
    let frames = link.statistics
    return StationLinkStatus(
      address: "\(link.endpoint)", state: StationLinkStatus.State(link.state),
      since: age.map { text(clock.now() - Int64($0 / 1_000_000)) }, iFramesReceived: frames.informationFramesReceived,
      iFramesSent: frames.informationFramesSent, sFramesSent: frames.supervisoryFramesSent,
      testFramesSent: frames.testsSent, octetsReceived: frames.octetsReceived, octetsSent: frames.octetsSent,
      connections: link.connections,
      lastClose: link.lastError.map { link.isConnected ? StatusBoard.withoutNextTry($0) : $0 }, tls: isTLS)
  }

  /// Of a link that is there again.
  private static func withoutNextTry(_ error: String) -> String {
    String(error.prefix(upTo: error.firstRange(of: "; next try")?.lowerBound ?? error.endIndex))
  }

  /// A wrong common address is the first thing to look at.
  private static func advice(_ station: Settings.Station, _ client: StationClientStatus?) -> String? {
    guard let foreign = client?.foreignCommonAddresses, !foreign.isEmpty else { return nil }
    let addresses = foreign.keys.sorted().prefix(8).map(String.init).joined(separator: ", ")
    return "it also sends as common address \(addresses), of which no point is configured"
  }
}

extension StationLinkStatus.State {
  init(_ state: StationClientStatus.Link.State) {
    self =
      switch state {
      case .idle, .waiting, .ended: .down
      case .connecting, .handshaking: .connecting
      case .standby: .standby
      case .starting: .starting
      case .started: .started
      case .stopping: .stopping
      }
  }
}

extension StationObjectStatus {
  init(_ place: StationDecoder.ObjectPlace, _ item: ObjectList.Item, _ text: (Timestamp) -> String) {
    self.init(
      commonAddress: place.commonAddress, objectAddress: place.objectAddress, type: item.type.description,
      count: item.count, lastValue: ObjectText.value(of: item.last, item.type), lastAt: text(item.lastAt))
  }
}

extension InterrogationStatus {
  init(_ last: StationCounts.Last, _ text: (Timestamp) -> String) {
    let outcome =
      switch last.outcome {
      case .complete: "complete"
      case .refused(let cause): "refused-\(cause)"
      case .timeout: "timeout"
      case .linkDown: "link-down"
      case .late: "late"
      case .freezeUnconfirmed: "freeze-unconfirmed"
      case .notSent: "not-sent"
      }
    self.init(
      kind: last.kind == .general ? .general : .counter, commonAddress: last.commonAddress, slot: last.slot.map(text),
      endedAt: text(last.endedAt), outcome: outcome, absent: last.absent)
  }
}
