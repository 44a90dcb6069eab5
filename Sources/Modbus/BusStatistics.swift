import ModbusProtocol

/// What was asked and what came of it.
public struct TransactionCounts: Sendable, Hashable {
  public var requests: UInt64 = 0
  public var good: UInt64 = 0
  public var timeouts: UInt64 = 0
  public var crcErrors: UInt64 = 0
  public var malformed: UInt64 = 0
  public var linkFailures: UInt64 = 0
  /// By code.
  public var exceptions: [UInt8: UInt64] = [:]
  /// Of verified answers, exceptions among them.
  public var latency = LatencyHistogram()

  public init() {}

  public var exceptionTotal: UInt64 { exceptions.values.reduce(0, +) }

  mutating func add(_ other: TransactionCounts) {
    requests += other.requests
    good += other.good
    timeouts += other.timeouts
    crcErrors += other.crcErrors
    malformed += other.malformed
    linkFailures += other.linkFailures
    exceptions.merge(other.exceptions, uniquingKeysWith: +)
    latency.add(other.latency)
  }

  mutating func add(_ answer: Answer) {
    switch answer.result {
    case .failed(.stopped), .failed(.held): return
    case .data: good += 1
    case .exception(let code): exceptions[code, default: 0] += 1
    case .failed(.timeout): timeouts += 1
    case .failed(.crc): crcErrors += 1
    case .failed(.malformed): malformed += 1
    case .failed(.link): linkFailures += 1
    }
    requests += 1
    switch answer.result {
    case .data, .exception: latency.add(nanoseconds: answer.nanoseconds)
    case .failed: break
    }
  }
}

/// One unit id of a bus.
public struct DeviceStatistics: Sendable, Hashable {
  public var counts = TransactionCounts()
  /// Serial lines: the quickest that it ever began to answer.
  public var leastTurnaroundNanoseconds: UInt64?

  public init() {}
}

/// Counters since the bus was made.
public struct BusStatistics: Sendable, Hashable {
  /// By unit id.
  public var devices: [UInt8: DeviceStatistics] = [:]
  /// Late replies of earlier requests, thrown away.
  public var staleReplies: UInt64 = 0
  /// Serial lines: the time that the good reads took, and the least that they could have taken.
  public var occupiedNanoseconds: UInt64 = 0
  public var leastNanoseconds: UInt64 = 0
  /// Whether there is an open connection or serial device.
  public var isUp = false
  /// Why there is none, in words.
  public var linkError: String?
  /// What would make it better, in words.
  public var advice: String?

  public init() {}

  /// Of all devices together.
  public var counts: TransactionCounts { devices.values.reduce(into: TransactionCounts()) { $0.add($1.counts) } }

  /// Least possible time / time taken, of good reads on a serial line; nil elsewhere.
  public var efficiency: Double? {
    occupiedNanoseconds == 0 ? nil : Double(leastNanoseconds) / Double(occupiedNanoseconds)
  }

  mutating func add(_ ask: Ask, _ answer: Answer, occupiedNanoseconds occupied: UInt64, format: SerialFormat?) {
    var device = devices.removeValue(forKey: ask.device.unitID) ?? DeviceStatistics()
    device.counts.add(answer)
    if let turnaround = answer.turnaroundNanoseconds {
      device.leastTurnaroundNanoseconds = min(device.leastTurnaroundNanoseconds ?? turnaround, turnaround)
    }
    switch answer.result {
    case .data, .exception: linkError = nil
    case .failed(.link(let why)): linkError = why
    default: break
    }
    if case .data = answer.result, case .read(let request) = ask.query, let format = ask.device.format ?? format {
      let turnaround = Int64(device.leastTurnaroundNanoseconds ?? 0)
      let least = UInt64(format.timing.readNanoseconds(request, turnaroundNanoseconds: turnaround))
      occupiedNanoseconds += occupied
      leastNanoseconds += min(least, occupied)
    }
    devices[ask.device.unitID] = device
  }
}
