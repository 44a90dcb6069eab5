import Metering
import Modbus
import ModbusProtocol

/// The requests of one meter, and what its device has taught about them: its turnaround, and what it refuses.
struct RequestMemory {
  private let format: SerialFormat?
  private var maximumHole: Int
  private var leastTurnaround: UInt64?
  private var samples = 0
  private(set) var cuts: Set<ReadPlan.Cut> = []
  /// Refused in parts as well, and when that was: splitting them is no use for a while.
  private var refusedAltogether: [ReadRequest: Timestamp] = [:]
  /// What the device refused already, by request: nobody has to be told again.
  private var refusals: [ReadRequest: UInt8] = [:]
  private var plans: [UInt64: [ReadRequest]] = [:]

  /// A turnaround counts once it was seen so often.
  private static let samplesNeeded = 5
  /// A device that refuses everything, while it starts for example, is tried in parts again after that.
  static let splitAgainAfterMilliseconds: Int64 = 600_000

  init(format: SerialFormat?) {
    self.format = format
    maximumHole = MeterPlan.holeWorthReading(on: format, turnaround: nil)
  }

  mutating func requests(of plan: MeterPlan, at slot: Timestamp) -> [ReadRequest] {
    let due = plan.due(at: slot)
    if let known = plans[due] { return known }
    let requests = plan.requests(due: due, maximumHole: maximumHole, cuts: cuts)
    plans[due] = requests
    return requests
  }

  mutating func forgetPlans() { plans = [:] }

  /// A verified reply took so long on top of its time on the wire.
  mutating func observe(turnaroundNanoseconds turnaround: UInt64) {
    samples += 1
    if let least = leastTurnaround, least <= turnaround, samples != RequestMemory.samplesNeeded { return }
    leastTurnaround = min(leastTurnaround ?? turnaround, turnaround)
    guard samples >= RequestMemory.samplesNeeded else { return }
    let hole = MeterPlan.holeWorthReading(on: format, turnaround: leastTurnaround)
    if hole != maximumHole {
      maximumHole = hole
      plans = [:]
    }
  }

  /// Where to cut a request that was refused, and its parts; nil where cutting is no use.
  mutating func split(_ request: ReadRequest, of plan: MeterPlan, at slot: Timestamp)
    -> (cuts: Set<ReadPlan.Cut>, parts: [ReadRequest])?
  {
    if let since = refusedAltogether[request] {
      if abs(slot - since) < RequestMemory.splitAgainAfterMilliseconds { return nil }
      refusedAltogether[request] = nil
    }
    let split = plan.split(request, due: plan.due(at: slot), maximumHole: maximumHole, cuts: cuts)
    guard let split else { return nil }
    cuts.formUnion(split.cuts)
    plans = [:]
    return split
  }

  /// Whether the device has not refused that request with that code before.
  mutating func isNew(_ code: UInt8, to request: ReadRequest) -> Bool {
    refusals.updateValue(code, forKey: request) != code
  }

  /// A poll is over: cuts that did not help are taken back, so that a device that refuses everything for a while does not
  /// cost more for ever.
  mutating func learn(from job: PollJob) {
    for (request, cuts) in job.splits where job.wasRefused(within: request) {
      self.cuts.subtract(cuts)
      refusedAltogether[request] = job.slot
      plans = [:]
    }
  }
}
