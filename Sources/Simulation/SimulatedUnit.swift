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
  }

  private let source: any RegisterSource
  /// 0: none, 0xFFFF: silent, else the exception's code.
  private let faultCode = Atomic<UInt16>(0)

  public init(_ source: any RegisterSource) { self.source = source }

  public var fault: Fault {
    get {
      switch faultCode.load(ordering: .relaxed) {
      case 0: .none
      case 0xFFFF: .silent
      case let code: .exception(UInt8(truncatingIfNeeded: code))
      }
    }
    set {
      let code: UInt16 =
        switch newValue {
        case .none: 0
        case .silent: 0xFFFF
        case .exception(let code): UInt16(min(max(code, 1), 11))
        }
      faultCode.store(code, ordering: .relaxed)
    }
  }

  enum Answer: Equatable {
    case silence
    case exception(UInt8)
    /// Registers, or one element a bit.
    case values(RegisterTable, [UInt16])
  }

  /// Answers a request for `count` addresses in the order of checks of the MODBUS Application Protocol V1.1b3, clause
  /// 6: function, quantity, address.
  func answer(function: UInt8, address: UInt16, count: UInt16) -> Answer {
    switch fault {
    case .silent: return .silence
    case .exception(let code): return .exception(code)
    case .none: break
    }
    guard let table = SimulatedUnit.table(function) else { return .exception(1) }
    guard count >= 1, count <= (table.isBits ? 2000 : 125) else { return .exception(3) }
    guard Int(address) + Int(count) <= 65536, let values = source.read(table, from: address, count: Int(count))
    else { return .exception(2) }
    // A source that breaks its word must not become a malformed frame.
    return values.count == Int(count) ? .values(table, values) : .exception(4)
  }

  static func table(_ function: UInt8) -> RegisterTable? {
    switch function {
    case 1: .coil
    case 2: .discrete
    case 3: .holding
    case 4: .input
    default: nil
    }
  }
}
