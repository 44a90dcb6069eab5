import Dispatch
import Logging
import Metering
import Modbus
import Synchronization

/// Carries out what the poller of one bus wants, on the bus's own thread.
final class BusWorker: Sendable {
  let plan: BusPlan
  let bus: ModbusBus
  private let recorder: Recorder
  private let clock: TrustedClock
  private let logger: Logger
  private let signal = DispatchSemaphore(value: 0)
  private let state: Mutex<State>

  private struct State {
    var poller: Poller
    var stopping = false
    /// A reload ends the bus: what waits is missed. At the end of meterd it is found missing at the next start.
    var isReplaced = false
  }

  init(_ plan: BusPlan, recorder: Recorder, clock: TrustedClock, logger: Logger) throws {
    self.plan = plan
    self.recorder = recorder
    self.clock = clock
    self.logger = logger
    bus = try ModbusBus(settings: plan.settings)
    state = Mutex(State(poller: Poller(plan)))
  }

  /// Runs until `stop`, on the bus's thread.
  func run() async {
    await bus.withBus { [self] bus in
      while let step = next() {
        switch step {
        case .ask(let asks):
          let answers = bus.ask(asks)
          withPoller { $0.finish(answers, at: $1) }
        case .wait(let until):
          bus.rest()
          guard let until else {
            signal.wait()
            continue
          }
          let now = clock.monotonicNanoseconds()
          if until > now { _ = signal.wait(timeout: .now() + .nanoseconds(Int(until - now))) }
        }
      }
      bus.close()
      if state.withLock({ $0.isReplaced }) { withPoller { $0.abandon(at: $1) } }
    }
  }

  func stop(isReplaced: Bool = false) {
    state.withLock {
      $0.stopping = true
      $0.isReplaced = isReplaced
    }
    bus.stop()
    signal.signal()
  }

  func set(_ meter: MeterPlan) { state.withLock { $0.poller.set(meter) } }
  func remove(_ meterID: String) { withPoller { $0.remove(meterID, at: $1) } }

  func due(_ meterID: String, slot: Timestamp, repeated: Bool) {
    withPoller { $0.due(meterID, slot: slot, repeated: repeated, at: $1) }
    signal.signal()
  }

  var status: (queued: Int, skipped: UInt64, meters: [String: Acquisition.MeterState]) {
    state.withLock { state in
      let meters = state.poller.meters.mapValues { meter in
        Acquisition.MeterState(
          device: state.poller.devices[meter.plan.device.unitID] ?? DeviceState(), unitID: meter.plan.device.unitID,
          slots: meter.slots)
      }
      return (state.poller.queue.count, state.poller.skipped, meters)
    }
  }

  /// Nil when the bus is to stop.
  private func next() -> Poller.Step? {
    if state.withLock({ $0.stopping }) { return nil }
    return withPoller { $0.next(at: $1) }
  }

  /// What the poller wants done is done outside the lock: others wait for it.
  private func withPoller<Result: Sendable>(_ body: (inout Poller, Poller.Moment) -> Result) -> Result {
    let (result, effects) = state.withLock { state in
      let now = Poller.Moment(
        wall: clock.now(), nanoseconds: clock.monotonicNanoseconds(), trusted: clock.isTrusted)
      let result = body(&state.poller, now)
      return (result, state.poller.takeEffects())
    }
    recorder.carryOut(effects, logger: logger)
    return result
  }
}
