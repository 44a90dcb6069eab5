import Testing

@testable import IEC104

/// Any station, any course: whatever is said in whatever order. One seed is one run.
@Suite struct ProceduresModelTests {
  private static let addresses: [UInt16] = [1, 2, 0xFFFF]
  private static let kinds: [Procedures.Kind] = [
    .general(qualifier: 20), .general(qualifier: 21), .counter(.read, qualifier: 5), .counter(.freeze, qualifier: 5),
    .counter(.freezeReset, qualifier: 5), .counter(.freezeReset, qualifier: 1), .counter(.read, qualifier: 1),
    .read(objectAddress: 1), .clockSynchronization, .test,
  ]

  /// What was seen of one run.
  private struct Seen {
    var open: [UInt64: Int] = [:]
    var running: [Procedures.Request] = []
    /// Requests that reset, by common address and group, whose totals have not been fetched.
    var unfetched: [UInt16: UInt8] = [:]

    mutating func take(_ actions: [Procedures.Action], _ seed: UInt64) {
      for action in actions {
        switch action {
        case .began(let request):
          let rivals = running.filter {
            $0.kind.sort == request.kind.sort
              && ($0.commonAddress == request.commonAddress
                || $0.commonAddress == 0xFFFF || request.commonAddress == 0xFFFF)
          }
          #expect(rivals.isEmpty, "seed \(seed): \(request) beside \(rivals)")
          running.append(request)
        case .send(let asdu) where asdu.bytes[0] == 101 && asdu.bytes[9] >= 0x80:
          let address = UInt16(asdu.bytes[4]) | UInt16(asdu.bytes[5]) << 8
          let groups = Procedures.Kind.groups(of: asdu.bytes[9] & 0x3F)
          for (other, left) in unfetched where other == address || other == 0xFFFF || address == 0xFFFF {
            #expect(left & groups == 0, "seed \(seed): reset again")
          }
          unfetched[address, default: 0] |= groups
        case .ended(let request, let outcome):
          if let place = running.firstIndex(of: request) {
            running.remove(at: place)
            fetched(request, outcome)
          }
          if request.id != 0 { open[request.id, default: 0] -= 1 }
        default: break
        }
      }
    }

    private mutating func fetched(_ request: Procedures.Request, _ outcome: Procedures.Outcome) {
      guard request.kind.sort == .counter else { return }
      switch outcome {
      // Perhaps with data, perhaps not: only the former may be frozen again, which ProceduresResetTests look at.
      case .complete, .freezeUnconfirmed, .refused, .timedOut("the termination"):
        // A refusal of the read does not fetch; that the next request resets none the less shows above only if it does.
        if case .refused = outcome, case .counter(.read, _) = request.kind { return }
        for address in unfetched.keys where address == request.commonAddress || request.commonAddress == 0xFFFF {
          unfetched[address, default: 0] &= ~request.kind.groups
        }
      default: break
      }
    }
  }

  @Test(arguments: UInt64(0)..<100) func everyRequestEndsOnceAndNoResetIsRepeated(seed: UInt64) {
    var dice = SessionModelTests.Dice(state: seed)
    let configured: [UInt16] = seed % 4 == 0 ? [0xFFFF] : seed % 4 == 1 ? [1] : [1, 2]
    var bench = ProceduresBench(
      [.clockSynchronization, .general(qualifier: 20), .counter(.freezeReset, qualifier: 5)], addresses: configured)
    var seen = Seen()
    var lastID: UInt64 = 0
    for _ in 0..<2_000 {
      switch Int.random(in: 0..<20, using: &dice) {
      case 0..<4:
        lastID += 1
        seen.open[lastID] = 1
        bench.request(
          ProceduresModelTests.kinds.randomElement(using: &dice) ?? .test,
          ProceduresModelTests.addresses.randomElement(using: &dice) ?? 1, id: lastID)
      case 4: bench.pass(UInt64.random(in: 0...ProceduresBench.timeout, using: &dice))
      case 5: if Int.random(in: 0..<10, using: &dice) == 0 { bench.procedures.linkLost(at: bench.now) }
      case 6: bench.procedures.linkStarted(at: bench.now)
      case 7:
        bench.receive((0..<Int.random(in: 0...20, using: &dice)).map { _ in UInt8.random(in: 0...255, using: &dice) })
      default:
        let type: UInt8 = [13, 15, 70, 100, 100, 101, 101, 101, 102, 103, 104, 107].randomElement(using: &dice) ?? 0
        let cause: UInt8 = [4, 5, 7, 7, 7, 10, 10, 20, 37, 0x47, 44, 0x6E].randomElement(using: &dice) ?? 0
        let element: UInt8 = [5, 0x45, 0x85, 0x81, 1, 20, 21].randomElement(using: &dice) ?? 0
        let address = ProceduresModelTests.addresses.randomElement(using: &dice) ?? 1
        let size = Int.random(in: 0...9, using: &dice)
        bench.station(
          type, cause, address, objectAddress: UInt32.random(in: 0...1, using: &dice),
          element: Array([element] + [UInt8](repeating: 0, count: 8)).dropLast(9 - size),
          vsq: [0, 1, 2, 0x81, 0xFF].randomElement(using: &dice) ?? 1)
      }
      seen.take(bench.take(), seed)
      if bench.procedures.isStarted { #expect(bench.procedures.running.count == seen.running.count) }
    }
    bench.procedures.linkLost(at: bench.now)
    seen.take(bench.take(), seed)
    #expect(seen.open.values.allSatisfy { $0 == 0 }, "seed \(seed)")
    #expect(seen.running.isEmpty, "seed \(seed)")
  }

  @Test func hostileParametersDoNotTrap() {
    for value in [Int.min, 0, .max] {
      var procedures = Procedures(.init(commonAddresses: [1], startup: [.test], inactivityMilliseconds: value))
      procedures.linkStarted(at: milliseconds(1))
      procedures.tick(at: milliseconds(2))
      #expect(procedures.takeActions().count >= 2)
    }
  }
}
