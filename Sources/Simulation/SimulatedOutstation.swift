import IEC104
import Metering
import Synchronization

/// A simulated station at work: what tests and benchmarks look at, feed and disturb. Everything may be called from any
/// thread.
public final class SimulatedOutstation: Sendable {
  struct State: Sendable {
    var machine: Outstation
    /// Has `tick` called on the station's event loop; nil while it does not listen.
    var wake: (@Sendable () -> Void)?
    var isWoken = false
  }

  public let id: String
  let station: SimulatedStation
  private let clock: any WallClock
  private let state: Mutex<State>
  private let format: ASDUFormat
  private let stationClock: OutstationClock

  /// - Throws: where a point cannot be simulated.
  init(_ station: SimulatedStation, plant: Plant, clock: any WallClock) throws(SimulationError) {
    guard !station.endpoints.isEmpty else {
      throw SimulationError(.definition, "station '\(station.id)' has no endpoint: give it one")
    }
    let now = Outstation.Instant(monotonic: clock.monotonicNanoseconds(), wall: clock.now())
    let machine = try Outstation(station, plant: plant, at: now)
    id = station.id
    self.station = station
    self.clock = clock
    format = machine.format
    stationClock = machine.image.clock
    state = Mutex(State(machine: machine))
  }

  /// Queues an ASDU as an event: it is sent on the started connection, kept until it is acknowledged, and sent again
  /// where it is not.
  public func send(_ asdu: OutgoingASDU) { disturb { machine, _ in machine.add(event: asdu) } }

  /// The same of objects that fit one ASDU.
  ///
  /// - Parameter commonAddress: nil: the station's first.
  /// - Throws: where the objects do not fit, or the type or cause is not one that a station sends.
  public func send(
    _ type: TypeID, _ objects: [InformationObject], cause: CauseOfTransmission = .spontaneous,
    commonAddress: UInt16? = nil, isSequence: Bool = false, isTest: Bool = false
  ) throws(ASDUFault) {
    let first = withMachine { machine, _ in machine.image.commonAddresses.first }
    send(
      try OutgoingASDU.monitor(
        type: type, cause: cause, commonAddress: commonAddress ?? first ?? 1, isSequence: isSequence, objects: objects,
        isTest: isTest, format: format))
  }

  /// What the station's clock shows then.
  public func timeTag(of instant: Timestamp, _ kind: TimeTag.Kind = .cp56) -> TimeTag {
    stationClock.tag(of: instant, kind)
  }

  /// Makes an endpoint ill or well again, at once.
  ///
  /// - Parameter endpoint: its place in the station's list; nil: all of them.
  public func setFault(_ fault: OutstationFault, endpoint: Int? = nil) {
    disturb { machine, now in
      for place in machine.faults.indices where endpoint == nil || endpoint == place {
        machine.set(fault, endpoint: place, at: now)
      }
    }
  }

  /// Closes every connection, or those of one endpoint; clients may come again.
  public func dropConnections(endpoint: Int? = nil) {
    disturb { machine, _ in machine.dropConnections(endpoint: endpoint) }
  }

  public var statistics: OutstationStatistics { withMachine { machine, _ in machine.statistics } }

  // MARK: - Its server

  func withMachine<Result: Sendable>(_ body: (inout Outstation, Outstation.Instant) -> Result) -> Result {
    state.withLock {
      body(&$0.machine, Outstation.Instant(monotonic: clock.monotonicNanoseconds(), wall: clock.now()))
    }
  }

  /// Carries out what `body` leads to, with the time until the next deadline in nanoseconds. Only on the event loop, so
  /// that frames stay in order.
  func run(_ body: (inout Outstation, Outstation.Instant) -> Void) -> (actions: [Outstation.Action], next: UInt64?) {
    state.withLock { state in
      let now = Outstation.Instant(monotonic: clock.monotonicNanoseconds(), wall: clock.now())
      state.isWoken = false
      body(&state.machine, now)
      state.machine.tick(at: now)
      let next = state.machine.nextDeadline.map { $0 > now.monotonic ? $0 - now.monotonic : 0 }
      return (state.machine.takeActions(), next)
    }
  }

  func setWake(_ wake: (@Sendable () -> Void)?) {
    state.withLock {
      $0.wake = wake
      $0.isWoken = false
    }
  }

  private func disturb(_ body: (inout Outstation, Outstation.Instant) -> Void) {
    let wake: (@Sendable () -> Void)? = state.withLock { state in
      body(&state.machine, Outstation.Instant(monotonic: clock.monotonicNanoseconds(), wall: clock.now()))
      guard !state.isWoken, let wake = state.wake else { return nil }
      state.isWoken = true
      return wake
    }
    wake?()
  }
}
