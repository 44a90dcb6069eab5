import Accounting
import Archive
import Metering
import Testing

@testable import Series

/// Some days of one meter with everything that happens to meters, and what was truly counted.
struct History {
  struct Options: Sendable {
    var from = "2026-03-27T20:00:00Z"
    var days: Int64 = 6
    var modulus: Int64?
    var maxRate: String?
    var ratioChange = false
    var exchange = false
    var seals = true
    var outages = true
  }

  let book: Book
  let start: Timestamp
  let end: Timestamp
  /// Of every good reading, by time: what was counted by then, in kWh.
  private(set) var truth: [(time: Timestamp, counted: ExactDecimal)] = []
  static let every = 3 * minute

  init(seed: UInt64, _ options: Options) async throws {
    var random = SplitMix64(state: seed)
    let every = History.every
    start = try at(options.from)
    end = start + options.days * day
    book = try Book()
    let base = definition(
      modulus: options.modulus.map { "\(Double($0) / 10)" }, maxRate: options.maxRate)
    try await book.use([base], from: start)
    let changedAt = start + 2 * day + 7 * hour + 7 * minute
    let exchangedAt = start + 3 * day + 5 * hour + minute
    var register = options.modulus.map { $0 - 2000 } ?? 100_000
    var counted = ExactDecimal.zero
    var ratio = ExactDecimal.one
    var pending: Int64 = 0
    var down: Timestamp?
    var failing = 0
    var slot = start
    var exchange: Exchange?
    while slot < end {
      defer { slot = slot + every }
      let amount = Int64.random(in: 0...5, using: &random)
      if options.exchange, exchange == nil, slot >= exchangedAt {
        let oldFinal = (ExactDecimal(significand: Int128(register + 2), exponent: -1)).multiplied(by: ratio) ?? .zero
        let newStart = ExactDecimal(significand: 7, exponent: -1).multiplied(by: ratio) ?? .zero
        exchange = Exchange(
          at: exchangedAt, oldFinal: ["energy_active_import": oldFinal], newStart: ["energy_active_import": newStart])
        pending += 2
        register = 7
      }
      register += amount
      pending += amount
      if let modulus = options.modulus, register >= modulus { register -= modulus }
      if options.outages, down == nil, Int.random(in: 0..<400, using: &random) == 0 { down = slot }
      if let since = down {
        if Int.random(in: 0..<60, using: &random) == 0 {
          try book.missed(from: since, to: slot, received: slot + 200)
          down = nil
        }
        continue
      }
      if options.outages, failing == 0, Int.random(in: 0..<90, using: &random) == 0 {
        failing = Int.random(in: 1...30, using: &random)
      }
      if failing > 0 {
        failing -= 1
        try book.timeout(slot)
        continue
      }
      // The step across a change of ratio counts at the new one.
      if options.ratioChange, slot + 40 >= changedAt { ratio = decimal("1.2") }
      let step = ExactDecimal(significand: Int128(pending), exponent: -1).multiplied(by: ratio) ?? .zero
      counted = counted.adding(step) ?? .zero
      pending = 0
      truth.append((slot + 40, counted))
      try book.poll(
        slot,
        answer(
          UInt32(register), temperature: UInt16(2800 + Int64.random(in: 0...300, using: &random)),
          voltage: 230 + Float(Int.random(in: 0...64, using: &random)) / 8))
    }
    if let since = down { try book.missed(from: since, to: end - every, received: end) }
    #expect(await book.archive.flush())
    if let exchange { try book.exchange(exchange, at: end) }
    if options.ratioChange {
      var changed = base
      changed.ctRatio = decimal("1.2")
      try await book.use(
        [changed], changes: ["m1": [.init(validFrom: changedAt, ctRatio: decimal("1.2"), reason: "CTs exchanged")]],
        from: end)
    }
    if options.seals { try await book.seal(now: end + hour) }
  }

  var all: ExactDecimal { truth.last.flatMap { $0.counted.subtracting(truth[0].counted) } ?? .zero }

  /// What was counted between the readings nearest to two instants; nil where one has none within a minute.
  func counted(from: Timestamp, to: Timestamp) -> ExactDecimal? {
    guard let a = nearest(from), let b = nearest(to) else { return nil }
    return b.subtracting(a)
  }

  private func nearest(_ time: Timestamp) -> ExactDecimal? {
    let near = truth.filter { abs($0.time - time) <= minute }
    return near.min { abs($0.time - time) < abs($1.time - time) }?.counted
  }
}
