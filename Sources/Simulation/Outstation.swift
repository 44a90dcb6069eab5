import IEC104
import Metering
import NIOCore

/// A controlled station of IEC 60870-5-104 without I/O: all its connections, of which one at most carries data.
///
/// STARTDT on another connection takes over (clause 10: a redundancy group). Give it what happens, and carry out
/// `takeActions`.
struct Outstation: Sendable {
  struct Instant: Sendable, Hashable {
    /// Nanoseconds of a clock that never steps.
    var monotonic: UInt64
    var wall: Timestamp
  }

  enum Action: Sendable, Hashable {
    case write(link: Int, [UInt8])
    case close(link: Int)
  }

  /// One connection.
  struct Link: Sendable {
    let endpoint: Int
    var session: Session
    /// Of `session.confirmed`, what the buffer knows.
    var confirmed: UInt64 = 0
    /// What a slow endpoint has to write, and when.
    var delayed = CircularBuffer<Delayed>()
    /// Something was swallowed: the connection cannot go on.
    var isBroken = false

    func hasRoom(_ window: UInt64) -> Bool {
      session.state == .started && session.sent - session.confirmed < window
    }

    struct Delayed: Sendable {
      let due: UInt64
      let bytes: [UInt8]
    }
  }

  /// An interrogation that is being answered.
  struct Job: Sendable {
    let request: [UInt8]
    let header: ASDUHeader
    let cause: CauseOfTransmission
    var rest: ArraySlice<Int>
  }

  let parameters: SessionParameters
  let options: SimulatedStation.Options
  var format: ASDUFormat { image.format }
  var image: OutstationImage
  var buffer: OutstationBuffer
  var links: [Int: Link] = [:]
  var started: Int?
  var jobs: [Job] = []
  var faults: [OutstationFault]
  var counts = OutstationStatistics()
  var actions: [Action] = []
  private var lastLink = 0
  /// When gauges are looked at next, and when totals are sent next.
  private var nextScan: UInt64?
  private var nextTotals: UInt64?

  /// - Throws: where a point cannot be simulated.
  init(_ station: SimulatedStation, plant: Plant, at now: Instant) throws(SimulationError) {
    image = try OutstationImage(station, plant: plant, at: now.wall)
    parameters = station.parameters
    options = station.options
    buffer = OutstationBuffer(limit: station.options.bufferLimit)
    faults = [OutstationFault](repeating: .none, count: station.endpoints.count)
    for every in [options.spontaneousEveryMilliseconds, options.totalsEveryMilliseconds] {
      guard let every, !(1...86_400_000).contains(every) else { continue }
      throw SimulationError(.definition, "station '\(station.id)': an interval of \(every) ms: take 1 ms to a day")
    }
    begin(at: now)
  }

  private mutating func begin(at now: Instant) {
    for address in image.commonAddresses {
      // COI 0: power switched on (IEC 60870-5-101 clause 7.2.6.21).
      let end = InformationObject(address: 0, value: .initialization(0))
      let asdu = try? OutgoingASDU.monitor(
        type: .M_EI_NA_1, cause: .initialized, commonAddress: address, objects: [end], format: format)
      if let asdu { buffer.add(event: asdu) }
    }
    if options.spontaneousEveryMilliseconds != nil { nextScan = now.monotonic }
    if let every = options.totalsEveryMilliseconds { nextTotals = Outstation.boundary(after: now, every: every) }
  }

  // MARK: - What happens

  /// - Returns: the number of the new connection.
  mutating func opened(endpoint: Int, at now: Instant) -> Int {
    lastLink += 1
    var session = Session(role: .controlled, parameters: parameters)
    session.opened(at: now.monotonic)
    links[lastLink] = Link(endpoint: endpoint, session: session)
    if faults[endpoint] == .refusesConnections { actions.append(.close(link: lastLink)) }
    return lastLink
  }

  mutating func received(_ bytes: UnsafeRawBufferPointer, link id: Int, at now: Instant) {
    guard let endpoint = links[id]?.endpoint else { return }
    switch faults[endpoint] {
    case .silent, .refusesConnections:
      links[id]?.isBroken = true
      return
    case .none, .refusesStart, .slow: break
    }
    var asdus: [[UInt8]] = []
    links[id]?.session.receive(bytes, at: now.monotonic) { asdus.append(Array($0)) }
    noteAcknowledgements(id)
    takeEvents(of: id)
    write(id, answering: true, at: now)
    for asdu in asdus {
      // Another connection has taken over, or STARTDT was not confirmed.
      guard started == id else {
        actions.append(.close(link: id))
        break
      }
      take(asdu, at: now)
    }
    if let received = links[id]?.session.received { links[id]?.session.committed(through: received, at: now.monotonic) }
    transmit(at: now)
  }

  /// The connection is gone.
  mutating func closed(link id: Int) {
    links[id] = nil
    if started == id { endTransfer() }
  }

  /// Something to be sent; it goes out with the next `tick`.
  mutating func add(event asdu: OutgoingASDU) { buffer.add(event: asdu) }

  mutating func set(_ fault: OutstationFault, endpoint: Int, at now: Instant) {
    guard faults.indices.contains(endpoint) else { return }
    faults[endpoint] = fault
    for (id, link) in links where link.endpoint == endpoint {
      if fault == .refusesConnections || link.isBroken && fault != .silent { actions.append(.close(link: id)) }
      if fault == .silent { links[id]?.isBroken = true }
    }
  }

  mutating func dropConnections(endpoint: Int?) {
    for (id, link) in links where endpoint == nil || link.endpoint == endpoint { actions.append(.close(link: id)) }
  }

  /// Carries out what is due, and sends what can be sent.
  mutating func tick(at now: Instant) {
    if let due = nextScan, now.monotonic >= due, let every = options.spontaneousEveryMilliseconds {
      nextScan = now.monotonic + UInt64(every) * 1_000_000
      for asdu in image.changes(deadBand: options.deadBand, at: now.wall) { buffer.add(event: asdu) }
    }
    if let due = nextTotals, now.monotonic >= due, let every = options.totalsEveryMilliseconds {
      nextTotals = Outstation.boundary(after: now, every: every)
      let boundary = now.wall - now.wall.milliseconds.flooredRemainder(by: every)
      for asdu in image.allTotals(at: boundary) { buffer.add(event: asdu) }
    }
    for id in links.keys.sorted() where !isSilent(id) {
      links[id]?.session.tick(at: now.monotonic)
      takeEvents(of: id)
      write(id, answering: false, at: now)
      writeDelayed(id, at: now)
    }
    transmit(at: now)
  }

  /// When `tick` has something to do.
  var nextDeadline: UInt64? {
    var next = min(nextScan ?? .max, nextTotals ?? .max)
    for (id, link) in links where !isSilent(id) {
      if let deadline = link.session.nextDeadline { next = min(next, deadline) }
      if let delayed = link.delayed.first { next = min(next, delayed.due) }
    }
    return next == .max ? nil : next
  }

  mutating func takeActions() -> [Action] {
    defer { actions.removeAll(keepingCapacity: true) }
    return actions
  }

  var statistics: OutstationStatistics {
    var result = counts
    result.connections = links.count
    result.startedEndpoint = started.flatMap { links[$0]?.endpoint }
    result.sent = buffer.sent
    result.acknowledged = buffer.acknowledged
    result.unacknowledged = buffer.unacknowledged
    result.waiting = buffer.waiting
    result.sentAgain = buffer.sentAgain
    result.overflow = buffer.overflow
    result.answersDropped = buffer.answersDropped
    return result
  }

  /// The next multiple of an interval.
  private static func boundary(after now: Instant, every milliseconds: Int64) -> UInt64 {
    now.monotonic
      + UInt64(milliseconds - now.wall.milliseconds.flooredRemainder(by: milliseconds)) * 1_000_000
  }
}
