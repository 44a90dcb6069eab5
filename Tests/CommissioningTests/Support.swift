import Metering
import Modbus
import ModbusProtocol
import Synchronization

@testable import Commissioning

func point(
  _ quantity: String, _ unit: String, at address: UInt16, _ type: RegisterType, table: RegisterTable = .input,
  scale: ExactDecimal = .one, side: Definition.Side? = nil
) -> Definition.Point {
  Definition.Point(
    quantity: quantity, unit: unit, kind: Quantity(quantity)?.kind ?? .gauge,
    register: RegisterReference(table: table, address: address, type: type), scale: scale, side: side)
}

let tenth = ExactDecimal(significand: 1, exponent: -1)
let hundredth = ExactDecimal(significand: 1, exponent: -2)

/// Frequency, voltage and import as u16, from an address on.
func candidate(
  _ profile: String, at address: UInt16, signs: [Candidate.Sign] = [], forbidden: [Candidate.Forbidden] = []
) -> Candidate {
  Candidate(
    profile: profile, signs: signs,
    points: [
      point("frequency", "Hz", at: address, .u16, scale: hundredth),
      point("voltage_l1", "V", at: address + 1, .u16, scale: tenth, side: .primary),
      point("energy_active_import", "kWh", at: address + 2, .u32, side: .primary),
    ], accountingQuantity: "energy_active_import", forbidden: forbidden)
}

/// A line in memory: units that answer from their registers, and whatever else a test wants to happen.
final class FakeLine: Sendable {
  struct State: Sendable {
    /// Registers of both tables by unit.
    var units: [UInt8: [UInt16: UInt16]] = [:]
    /// Answers that come before all others.
    var special: [UInt8: [ReadResult]] = [:]
    /// Pages of function 43 by unit and object.
    var pages: [UInt8: [UInt8: [UInt8]]] = [:]
    /// The format that the devices speak; nil: any.
    var format: SerialFormat?
    var asked: [Ask] = []
    var slept: UInt64 = 0
  }

  let state: Mutex<State>

  init(_ state: State) { self.state = Mutex(state) }

  func answer(_ ask: Ask) -> Answer {
    state.withLock { state in
      state.asked.append(ask)
      let unitID = ask.device.unitID
      if var special = state.special[unitID], !special.isEmpty {
        let result = special.removeFirst()
        state.special[unitID] = special
        return Answer(result, nanoseconds: 1_000_000)
      }
      guard let registers = state.units[unitID], state.format == nil || ask.device.format == state.format else {
        return Answer(.failed(.timeout))
      }
      switch ask.query {
      case .identify(let request):
        guard let page = state.pages[unitID]?[request.category << 4 | request.objectID] else {
          return Answer(.exception(1), nanoseconds: 1_000_000)
        }
        return Answer(.data(page), nanoseconds: 1_000_000)
      case .read(let request):
        var data: [UInt8] = []
        for address in request.address..<(request.address + request.count) {
          guard let value = registers[address] else { return Answer(.exception(2), nanoseconds: 1_000_000) }
          data += [UInt8(value >> 8), UInt8(value & 0xFF)]
        }
        return Answer(.data(data), nanoseconds: 1_000_000)
      }
    }
  }

  func scan(_ plan: ScanPlan) async -> (report: ScanReport, events: [ScanEvent]) {
    let events = Mutex<[ScanEvent]>([])
    var scan = Scan(
      plan, ask: { [self] in answer($0) }, sleep: { [self] time in state.withLock { $0.slept += time } },
      tell: { event in events.withLock { $0.append(event) } })
    let report = await scan.run()
    return (report, events.withLock { $0 })
  }

  var asked: [Ask] { state.withLock { $0.asked } }
  var sleptNanoseconds: UInt64 { state.withLock { $0.slept } }
}
