import Metering
import ModbusProtocol

/// One slot of one meter on its way: the requests, and what came of them so far.
struct PollJob {
  let meterID: String
  /// What the meter was when the poll began: a reload in between must not mix two devices or two definitions.
  private(set) var plan: MeterPlan?
  private(set) var version = 0
  let slot: Timestamp
  let repeated: Bool
  /// Whether the label is of a clock that was trusted.
  let trusted: Bool
  private(set) var requests: [ReadRequest] = []
  private var blocks: [Block?] = []
  /// Failed attempts at requests that were asked again.
  private var attempts: [Block] = []
  /// Not asked before.
  var readyAtNanoseconds: UInt64 = 0
  /// How often the device was busy.
  var busyTimes = 0
  var hasBeenRetried = false
  /// Whether that was decided by an answer of the same batch: others of it that failed share it.
  var isBeingRetried = false
  /// The device failed: the rest is not asked.
  var hasFailed = false
  /// The bus was told to stop while it was asked.
  var isStopped = false
  /// The arrival of the latest reply.
  var answeredAt: Timestamp?
  /// Requests that the device refused and the cuts made for it.
  private(set) var splits: [(request: ReadRequest, cuts: Set<ReadPlan.Cut>)] = []

  init(meterID: String, slot: Timestamp, repeated: Bool, trusted: Bool) {
    self.meterID = meterID
    self.slot = slot
    self.repeated = repeated
    self.trusted = trusted
  }

  var marks: Observation.Marks { repeated ? .repeatedLabel : [] }
  var hasBegun: Bool { !requests.isEmpty }

  mutating func begin(_ requests: [ReadRequest], of plan: MeterPlan, version: Int) {
    self.plan = plan
    self.version = version
    self.requests = requests
    blocks = Array(repeating: nil, count: requests.count)
  }

  /// Places of requests that have no outcome yet.
  var unasked: [Int] { hasFailed ? [] : blocks.indices.filter { blocks[$0] == nil } }
  var isOver: Bool { hasFailed || !blocks.contains { $0 == nil } }

  /// Whether there is anything to tell of it.
  var hasOutcome: Bool { !attempts.isEmpty || blocks.contains { $0 != nil } }

  mutating func settle(_ place: Int, _ result: ReadResult) { blocks[place] = Block(requests[place], result) }

  /// Keeps what came, and leaves the request open.
  mutating func keepAttempt(_ place: Int, _ result: ReadResult) {
    attempts.append(Block(requests[place], result))
  }

  /// The device refused the request as a whole: its parts are asked now.
  mutating func split(_ place: Int, _ result: ReadResult, cuts: Set<ReadPlan.Cut>, parts: [ReadRequest]) {
    settle(place, result)
    splits.append((requests[place], cuts))
    requests += parts
    blocks += parts.map { _ in nil }
  }

  /// Whether the device refused every part of that request by exception 2 or 3.
  func wasRefused(within request: ReadRequest) -> Bool {
    zip(requests, blocks).allSatisfy { part, block in
      !isPart(part, of: request) || block?.outcome == .exception(2) || block?.outcome == .exception(3)
    }
  }

  private func isPart(_ part: ReadRequest, of request: ReadRequest) -> Bool {
    part.function == request.function && part.address >= request.address
      && Int(part.address) + Int(part.count) <= Int(request.address) + Int(request.count)
  }

  /// What the archive gets; requests without an outcome were not asked.
  var finishedBlocks: [Block] {
    attempts + zip(requests, blocks).map { request, block in block ?? Block(request, .notAsked, []) }
  }
}
