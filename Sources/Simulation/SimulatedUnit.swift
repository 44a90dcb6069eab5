import Metering
import Synchronization

/// One unit id on a simulated bus: its registers, and what is wrong with it.
public final class SimulatedUnit: Sendable {
  /// What a unit can suffer from; it can be changed while requests come in.
  public enum Fault: Sendable, Equatable {
    case none
    /// It never answers: a dead meter.
    case silent
    /// It answers every request with this Modbus exception, 1...11.
    case exception(UInt8)
    /// It answers so many requests with 5 (acknowledge) or 6 (busy); then it is well again.
    case busy(code: UInt8, times: Int)
    /// It refuses every request that touches one of these addresses, of whatever table, with exception 2.
    case refuses([ClosedRange<UInt16>])
    /// It answers, but that much later. Requests to others on the same line or connection wait.
    case slow(milliseconds: Int)
  }

  private let source: any RegisterSource
  private let identification: UnitIdentification?
  private let state = Mutex(Fault.none)

  /// - Parameter identification: what function 43 says; nil: the unit does not know that function (exception 1).
  public init(_ source: any RegisterSource, identification: UnitIdentification? = nil) {
    self.source = source
    self.identification = identification
  }

  public var fault: Fault {
    get { state.withLock { $0 } }
    set { state.withLock { $0 = newValue } }
  }

  /// What it takes longer to answer than its bus says.
  var delayMilliseconds: Int64 {
    guard case .slow(let milliseconds) = fault else { return 0 }
    return Int64(min(max(0, milliseconds), 86_400_000))
  }

  enum Answer: Equatable {
    case silence
    case exception(UInt8)
    /// Registers, or one element a bit.
    case values(RegisterTable, [UInt16])
    /// All of a reply to function 43 after the function.
    case identification([UInt8])
  }

  /// Answers in the order of checks of the MODBUS Application Protocol V1.1b3, clause 6: function, quantity, address.
  func answer(_ request: UnitRequest) -> Answer {
    var refused: [ClosedRange<UInt16>] = []
    switch takeFault() {
    case .silent: return .silence
    case .exception(let code), .busy(let code, _): return .exception(min(max(code, 1), 11))
    case .refuses(let ranges): refused = ranges
    case .none, .slow: break
    }
    switch request {
    case .unknownFunction: return .exception(1)
    case .malformed: return .exception(3)
    case .identify(let category, let objectID):
      return identification?.answer(category: category, objectID: objectID) ?? .exception(1)
    case .read(let table, let address, let count):
      return read(table, from: address, count: count, refused: refused)
    }
  }

  private func read(
    _ table: RegisterTable, from address: UInt16, count: UInt16, refused: [ClosedRange<UInt16>]
  ) -> Answer {
    guard count >= 1, count <= (table.isBits ? 2000 : 125) else { return .exception(3) }
    let addresses = Int(address)..<Int(address) + Int(count)
    if refused.contains(where: { addresses.overlaps(Int($0.lowerBound)..<Int($0.upperBound) + 1) }) {
      return .exception(2)
    }
    guard addresses.upperBound <= 65536, let values = source.read(table, from: address, count: Int(count))
    else { return .exception(2) }
    // A source that breaks its word must not become a malformed frame.
    return values.count == Int(count) ? .values(table, values) : .exception(4)
  }

  /// The fault that one request meets; a busy unit is busy once less.
  private func takeFault() -> Fault {
    state.withLock { fault in
      guard case .busy(let code, let times) = fault else { return fault }
      fault = times > 1 ? .busy(code: code, times: times - 1) : .none
      return times > 0 ? .busy(code: code, times: times) : .none
    }
  }
}

extension SimulatedUnit.Answer {
  /// The PDU on the wire; nil for silence.
  func pdu(function: UInt8) -> [UInt8]? {
    switch self {
    case .silence: return nil
    case .exception(let code): return [function | 0x80, code]
    case .identification(let data): return [function] + data
    case .values(let table, let values) where table.isBits:
      var bytes = [UInt8](repeating: 0, count: (values.count + 7) / 8)
      for (place, value) in values.enumerated() where value != 0 { bytes[place / 8] |= 1 << UInt8(place % 8) }
      return [function, UInt8(bytes.count)] + bytes
    case .values(_, let values):
      var pdu: [UInt8] = []
      pdu.reserveCapacity(2 + 2 * values.count)
      pdu += [function, UInt8(2 * values.count)]
      for value in values {
        pdu.append(UInt8(value >> 8))
        pdu.append(UInt8(value & 0xFF))
      }
      return pdu
    }
  }
}
