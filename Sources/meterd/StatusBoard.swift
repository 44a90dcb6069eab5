import Acquisition
import Archive
import Decoding
import Forwarding
import Metering
import Modbus
import Schedule
import Settings
import StatusAPI
import Synchronization

/// Puts together what the status socket shows.
final class StatusBoard: StatusProvider {
  struct Parts: Sendable {
    var settings: Settings
    var archive: Archive?
    var acquisition: Acquisition?
    var forwarders: [Forwarder] = []
    var clock: TrustedClock?
    var board: MeterBoard?
    var disk: DiskSpace?
    /// What does not work, by who found it.
    var problems: [String: [String]] = [:]
    var bytesPerSecond = 0.0
  }

  private let parts: Mutex<Parts>
  private let startedAt: Timestamp
  private let startedNanoseconds: UInt64
  private let zone: Zone

  init(settings: Settings, zone: Zone) {
    parts = Mutex(Parts(settings: settings))
    startedAt = SystemClock().now()
    startedNanoseconds = SystemClock().monotonicNanoseconds()
    self.zone = zone
  }

  func update(_ change: (inout Parts) -> Void) { parts.withLock { change(&$0) } }

  // MARK: - StatusProvider

  func report() async -> StatusReport { report(of: parts.withLock { $0 }) }

  func meters() async -> [MeterStatus] {
    let parts = parts.withLock { $0 }
    return meters(parts, parts.acquisition?.buses ?? [])
  }

  func meter(id: String) async -> MeterStatus? {
    let parts = parts.withLock { $0 }
    guard var status = meters(parts, parts.acquisition?.buses ?? []).first(where: { $0.id == id }) else { return nil }
    status.readings = readings(of: id, parts)
    return status
  }

  func metrics() async -> String { PrometheusText.render(await report()) }

  func isHealthy() async -> Bool { await report().state == .healthy }

  // MARK: - The report

  private func report(of parts: Parts) -> StatusReport {
    let now = parts.clock?.now() ?? SystemClock().now()
    let busStates = parts.acquisition?.buses ?? []
    let meters = meters(parts, busStates)
    let stationStates = parts.acquisition?.stations ?? []
    let buses =
      parts.settings.buses.map { bus in busStatus(bus, busStates.first { $0.id == bus.id }) }
      + parts.settings.stations.map { station in
        status(of: station, stationStates.first { $0.id == station.id }, text)
      }
    let archive = archiveStatus(parts)
    let forwards = parts.forwarders.map { forwardStatus($0) }
    var reasons = parts.problems.sorted { $0.key < $1.key }.flatMap(\.value)
    if parts.clock?.isTrusted == false {
      reasons.append(
        "the clock (\(now)) is not trusted: no NTP, and behind the last commit; no file is cut. Set the clock")
    }
    if archive.state == .failing, parts.problems["archive"] == nil {
      reasons.append(archive.lastError ?? "archive \(archive.path) is not open yet")
    }
    if parts.disk != nil, let days = archive.freeDays, days < ArchiveSpace.warningDays {
      reasons.append(
        "archive \(archive.path): the disk is full in \(Words.count(days, "day")) (\(Words.octets(Int64(clamping: archive.freeBytes))) "
          + "free); nothing younger than it must be kept is deleted: free space, or move the archive to a larger disk")
    }
    for bus in buses where bus.station != nil && bus.state != .up {
      reasons.append(bus.lastError ?? "\(bus.id): no connection carries data yet")
    }
    for bus in buses where bus.state == .up {
      for link in bus.station?.links ?? [] where !link.state.isConnected {
        // The group goes on with one connection less: nobody would notice until the last one fails.
        if let error = link.lastClose { reasons.append(error) }
      }
    }
    for meter in meters where meter.state == .failing { reasons.append(meter.lastError ?? "\(meter.id) fails") }
    for forward in forwards where forward.state == .failing { reasons.append(forward.lastError ?? forward.id) }
    // A station's meters all say what their station says.
    var said: Set<String> = []
    reasons = reasons.filter { said.insert($0).inserted }
    let failing = meters.filter { $0.state == .failing }.count
    let headline =
      reasons.isEmpty
      ? "healthy: "
        + Words.plant(
          meters: meters.count, buses: parts.settings.buses.count, stations: parts.settings.stations.count)
      : "degraded: \(failing) of \(Words.count(meters.count, "meter")) failing, \(Words.count(reasons.count, "problem"))"
    return StatusReport(
      state: reasons.isEmpty ? .healthy : .degraded, headline: headline, version: Meterd.version,
      site: parts.settings.site.id, startedAt: text(startedAt), now: text(now),
      uptimeSeconds: (SystemClock().monotonicNanoseconds() - startedNanoseconds) / 1_000_000_000,
      clockTrusted: parts.clock?.isTrusted ?? true, reasons: Array(reasons.prefix(100)), buses: buses, meters: meters,
      archive: archive, forwards: forwards)
  }

  func text(_ time: Timestamp) -> String { time.rfc3339(offsetSeconds: zone.offsetSeconds(at: time)) }

  private func busStatus(_ bus: Settings.Bus, _ state: Acquisition.BusState?) -> BusStatus {
    let statistics = state?.statistics ?? Modbus.BusStatistics()
    let counts = statistics.counts
    let isKnown = counts.requests > 0
    let slots = state.map { Array($0.meters.values.map(\.slots)) } ?? []
    return BusStatus(
      id: bus.id, type: bus.words.type, address: bus.words.address,
      state: isKnown ? (statistics.isUp ? .up : .down) : .unknown, requests: counts.requests, good: counts.good,
      timeouts: counts.timeouts, crcErrors: counts.crcErrors, malformed: counts.malformed,
      exceptions: counts.exceptionTotal, exceptionsByCode: counts.exceptionsByCode,
      linkFailures: counts.linkFailures, staleReplies: statistics.staleReplies,
      latencyP50Seconds: counts.latency.seconds(share: 0.5), latencyP99Seconds: counts.latency.seconds(share: 0.99),
      efficiency: statistics.efficiency, slotsDue: slots.reduce(0) { $0 + $1.due },
      slotsOnTime: slots.reduce(0) { $0 + $1.onTime }, skippedSlots: state?.skipped ?? 0,
      queueLength: state?.queued ?? 0, lastError: statistics.linkError.map { "\(bus.id): \($0)" },
      advice: statistics.advice)
  }

  private func meters(_ parts: Parts, _ buses: [Acquisition.BusState]) -> [MeterStatus] {
    guard let snapshot = parts.board?.snapshot else { return [] }
    let states = buses.reduce(into: [:]) { $0.merge($1.meters, uniquingKeysWith: { $1 }) }
    let links = Dictionary(buses.map { ($0.id, $0.statistics) }, uniquingKeysWith: { $1 })
    let stations = Dictionary(
      (parts.acquisition?.stations ?? []).map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    let delivered = parts.forwarders.first?.status.deliveredToday ?? [:]
    let now = parts.clock?.now() ?? SystemClock().now()
    return parts.settings.meters.map { meter in
      let known = snapshot.meters[meter.id]
      if let station = meter.definition.station {
        return status(
          of: meter, station, known, stations[station.id],
          due: known.map { dueToday($0, snapshot.dayStart, now) } ?? 0, sent: delivered[meter.id], now, text)
      }
      let state = states[meter.id]
      let device = state?.device
      let statistics = links[meter.definition.bus]
      let due = known.map { dueToday($0, snapshot.dayStart, now) } ?? 0
      let sent = delivered[meter.id]
      return MeterStatus(
        id: meter.id, name: meter.definition.metadata["name"] ?? "", bus: meter.definition.bus,
        unit: Int(meter.definition.unitID), profile: meter.definition.profile,
        state: self.state(known, device, statistics), link: link(known, device, statistics),
        lastGoodAt: known?.lastGoodAt.map(text), ageSeconds: known?.lastGoodAt.map { UInt64(max(now - $0, 0) / 1000) },
        quality: known?.quality?.rawValue,
        uploadRateToday: sent.flatMap { $0.rows > 0 ? Double($0.taken) / Double($0.rows) : nil },
        takenRateToday: due > 0 ? min(1, Double(known?.takenToday ?? 0) / Double(due)) : nil, dueToday: due,
        takenToday: known?.takenToday ?? 0, slotsDue: state?.slots.due ?? 0, slotsOnTime: state?.slots.onTime ?? 0,
        device: DeviceStatus(statistics?.devices[meter.definition.unitID] ?? DeviceStatistics()),
        lastError: device?.lastError, lastErrorAt: device?.lastErrorAt.map(text))
    }
  }

  private func dueToday(_ meter: MeterBoard.Meter, _ dayStart: Timestamp, _ now: Timestamp) -> UInt64 {
    let from = max(dayStart, meter.activeSince)
    guard from <= now else { return 0 }
    return UInt64(meter.decoder.readingsDue(from: from, through: now))
  }

  private func state(_ meter: MeterBoard.Meter?, _ device: DeviceState?, _ bus: Modbus.BusStatistics?)
    -> MeterStatus.State
  {
    if let device, device.failures > 0 { return .failing }
    guard let meter, let last = meter.last else { return bus?.linkError == nil ? .waiting : .failing }
    guard case .poll(let blocks) = last.content else { return .waiting }
    return blocks.allSatisfy { $0.outcome == .ok } ? .ok : .failing
  }

  private func link(_ meter: MeterBoard.Meter?, _ device: DeviceState?, _ bus: Modbus.BusStatistics?) -> String {
    if bus?.linkError != nil { return "link down" }
    guard let device, device.failures > 0 else { return meter?.last == nil ? "waiting" : "up" }
    return device.probeAt == nil ? "no answer" : "probing"
  }

  private func archiveStatus(_ parts: Parts) -> ArchiveStatus {
    let health = parts.archive?.health
    let disk = parts.disk ?? DiskSpace()
    let space = ArchiveSpace(disk, sealedDays: health?.sealedDays ?? 0, parts.bytesPerSecond)
    return ArchiveStatus(
      path: parts.settings.archive.path, state: health == nil || health?.failure != nil ? .failing : .ok,
      headSeq: health?.headSeq, committedAt: health?.lastReceived.map(text),
      observationsToday: parts.board?.snapshot.observationsToday ?? 0, uncommitted: health?.waiting ?? 0,
      windowFullEvents: health?.windowFull ?? 0, bytesOnDisk: disk.used, freeBytes: disk.free,
      projectedFiveYearBytes: space.fiveYearBytes, sealedDays: health?.sealedDays ?? 0,
      sealedThrough: health?.sealedThrough, freeDays: space.freeDays, lastError: health?.failure)
  }

  private func forwardStatus(_ forwarder: Forwarder) -> StatusAPI.ForwardStatus {
    let status = forwarder.status
    return StatusAPI.ForwardStatus(
      id: forwarder.plan.id, type: "directory", path: forwarder.plan.directory,
      state: status.failure == nil ? (status.waiting > 0 ? .waiting : .ok) : .failing, lastFile: status.lastFile,
      lastDeliveredAt: status.lastDeliveredAt.map(text), filesDelivered: UInt64(status.filesDelivered),
      rowsDelivered: UInt64(status.rowsDelivered), waitingFiles: status.waiting, lastError: status.failure)
  }

  private func readings(of id: String, _ parts: Parts) -> [ReadingStatus] {
    guard let meter = parts.board?.snapshot.meters[id] else { return [] }
    return meter.readings.map { reading in
      ReadingStatus(
        time: text(reading.time), due: reading.due.map(text), received: text(reading.received),
        meterID: reading.meterID, quantity: reading.quantity, value: reading.shown, unit: reading.unit,
        kind: reading.kind.rawValue, quality: reading.quality.rawValue, flags: reading.flags, seq: reading.seq,
        index: reading.index, raw: reading.rawText)
    }
  }
}

extension DeviceStatus {
  init(_ device: DeviceStatistics) {
    let counts = device.counts
    self.init(
      requests: counts.requests, good: counts.good, timeouts: counts.timeouts, crcErrors: counts.crcErrors,
      malformed: counts.malformed, linkFailures: counts.linkFailures, exceptionsByCode: counts.exceptionsByCode,
      latencyP50Seconds: counts.latency.seconds(share: 0.5), latencyP99Seconds: counts.latency.seconds(share: 0.99),
      leastTurnaroundSeconds: device.leastTurnaroundNanoseconds.map { Double($0) / 1e9 })
  }
}

extension TransactionCounts {
  fileprivate var exceptionsByCode: [String: UInt64] {
    Dictionary(uniqueKeysWithValues: exceptions.map { ("\($0.key)", $0.value) })
  }
}

extension LatencyHistogram {
  fileprivate func seconds(share: Double) -> Double? { nanoseconds(share: share).map { Double($0) / 1e9 } }
}
