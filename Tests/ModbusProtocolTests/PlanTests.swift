import ModbusProtocol
import Testing

/// Milliseconds of `design/modbus.md` for 9600 8N1, turnaround 0.
@Suite struct SerialTimingTests {
  @Test(arguments: [(2, 25.0), (10, 41.7), (60, 145.8), (125, 281.3)])
  func leastTimeOfARead(registers: Int, milliseconds: Double) {
    let timing = SerialTiming(baud: 9600, bitsPerCharacter: 10)
    let request = ReadRequest(function: .readInputRegisters, address: 0, count: registers)!
    #expect(abs(Double(timing.readNanoseconds(request)) / 1e6 - milliseconds) < 0.06)
  }

  @Test(arguments: [(9600, 3_645_831), (19_200, 1_822_912), (38_400, 1_750_000), (115_200, 1_750_000)])
  func silence(baud: Int, nanoseconds: Int64) {
    let timing = SerialTiming(baud: baud, bitsPerCharacter: 10)
    #expect(abs(timing.t35Nanoseconds - nanoseconds) < 10)
  }

  @Test func holesWorthBridging() {
    let timing = SerialTiming(baud: 9600, bitsPerCharacter: 10)
    #expect(timing.registersWorthBridging(turnaroundNanoseconds: 0) == 9)  // 10 would cost just as much
    #expect(timing.registersWorthBridging(turnaroundNanoseconds: 30_000_000) == 24)
  }
}

@Suite struct ReadPlanTests {
  private func plan(_ spans: [(Int, Int)], hole: Int = 0, most: Int = 125, function: ReadFunction = .readInputRegisters)
    -> [String]
  {
    let spans = spans.map { ReadPlan.Span(function: function, address: $0.0, count: $0.1) }
    let plan = ReadPlan(spans: spans, limits: .init(maximumRegisters: most, maximumHole: hole))
    return plan.requests.map { "\($0.address)×\($0.count)" }
  }

  @Test func neighboursAreOneRequest() { #expect(plan([(2, 2), (0, 2), (4, 2)]) == ["0×6"]) }
  @Test func aHoleIsBridgedWhereItPays() {
    #expect(plan([(0, 2), (12, 2)], hole: 10) == ["0×14"])
    #expect(plan([(0, 2), (13, 2)], hole: 10) == ["0×2", "13×2"])
  }
  @Test func aValueIsNeverSplit() { #expect(plan([(0, 2), (2, 2), (4, 4)], most: 5) == ["0×4", "4×4"]) }
  @Test func overlapsAreReadOnce() { #expect(plan([(0, 4), (2, 2), (3, 2)]) == ["0×5"]) }
  @Test func theLastRegisterIsReached() { #expect(plan([(65_534, 2), (65_530, 2)], hole: 10) == ["65530×6"]) }
  @Test func theProtocolsLimitHolds() {
    #expect(plan((0..<200).map { ($0, 1) }, most: 500) == ["0×125", "125×75"])
    #expect(plan([(0, 1), (1999, 1), (2000, 1)], hole: 3000, function: .readCoils) == ["0×2000", "2000×1"])
  }
  @Test func tablesAreReadApart() {
    let spans = ReadFunction.allCases.map { ReadPlan.Span(function: $0, address: 0, count: 1) }
    #expect(ReadPlan(spans: spans, limits: .init(maximumHole: 100)).requests.count == 4)
  }
  @Test func whatNoRequestCanHoldIsListed() {
    let wide = ReadPlan.Span(function: .readInputRegisters, address: 0, count: 4)
    let past = ReadPlan.Span(function: .readInputRegisters, address: 65_535, count: 2)
    let plan = ReadPlan(spans: [wide, past], limits: .init(maximumRegisters: 2, maximumHole: 0))
    #expect(plan.requests.isEmpty && Set(plan.impossible) == [wide, past])
  }

  /// Whatever the spans: every one is held whole by one request, and no request breaks a limit.
  @Test(arguments: 0..<200)
  func anySpansAreCoveredWithinTheLimits(seed: Int) {
    var generator = SplitMix(state: UInt64(seed))
    let most = Int(generator.next() % 125) + 4
    let hole = Int(generator.next() % 30)
    let spans = (0..<Int(generator.next() % 60)).map { _ in
      ReadPlan.Span(
        function: .readHoldingRegisters, address: Int(generator.next() % 600),
        count: [1, 2, 4][Int(generator.next() % 3)])
    }
    let plan = ReadPlan(spans: spans, limits: .init(maximumRegisters: most, maximumHole: hole))
    #expect(plan.impossible.isEmpty)
    for span in spans {
      #expect(
        plan.requests.contains {
          Int($0.address) <= span.address && span.address + span.count <= Int($0.address) + Int($0.count)
        })
    }
    for request in plan.requests { #expect(Int(request.count) <= min(most, 125)) }
  }
}

/// A generator that gives the same numbers for the same seed.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
