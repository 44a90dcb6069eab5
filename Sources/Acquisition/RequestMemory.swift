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
  /// Refused in parts as well: splitting them is no use.
  private var refusedAltogether: Set<ReadRequest> = []
  private var plans: [UInt64: [ReadRequest]] = [:]

  /// A turnaround counts once it was seen so often.
  private static let samplesNeeded = 5

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
    if refusedAltogether.contains(request) { return nil }
    let spans = plan.spans(due: plan.due(at: slot)).filter { $0.isWithin(request) }
    let new = ReadPlan.cuts(in: request, spans: spans)
    if new.isEmpty { return nil }
    cuts.formUnion(new)
    plans = [:]
    let limits = ReadPlan.Limits(
      maximumRegisters: plan.maximumRegisters, maximumHole: maximumHole, forbidden: plan.forbidden, cuts: cuts)
    return (new, ReadPlan(spans: spans, limits: limits).requests)
  }

  /// A poll is over: cuts that did not help are taken back, so that a device that refuses everything for a while does not
  /// cost more for ever.
  mutating func learn(from job: PollJob, _ plan: MeterPlan) {
    for (request, cuts) in job.splits where !job.hasRead(within: request) {
      self.cuts.subtract(cuts)
      refusedAltogether.insert(request)
      plans = [:]
    }
    if job.splits.isEmpty, !refusedAltogether.isEmpty, job.answeredAt != nil {
      refusedAltogether = refusedAltogether.filter { !job.hasRead(within: $0) }
    }
  }
}
