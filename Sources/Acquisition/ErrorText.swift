import Modbus
import ModbusProtocol

/// Failures in words: who, what, where.
public enum ErrorText {
  /// `hall-1 unit 7 (rinse-water)`
  static func who(_ bus: BusSettings, _ meter: MeterPlan) -> String {
    "\(bus.id) unit \(meter.device.unitID) (\(meter.id))"
  }

  public static func failure(_ failure: ReadResult.Failure, _ bus: BusSettings, _ device: Device) -> String {
    switch failure {
    case .timeout: "no answer in \(device.timeoutMilliseconds ?? bus.timeoutMilliseconds) ms"
    case .crc(let bytes): "wrong checksum in \(bytes.count) bytes; look at wiring, baud and parity"
    case .malformed(let bytes): "an answer to something else (\(hex(bytes.prefix(16))))"
    case .link(let why): why
    case .held: "not asked: a late answer may still come"
    case .stopped: "stopped"
    }
  }

  /// The exception codes of MODBUS Application Protocol V1.1b3, clause 7.
  public static func exception(_ code: UInt8, _ request: ReadRequest) -> String {
    let what =
      switch code {
      case 1: "the function is not supported"
      case 2: "there is no such address"
      case 3: "the count is not allowed"
      case 4: "the device failed"
      case 5: "acknowledged, not ready yet"
      case 6: "busy"
      case 8: "memory parity error"
      case 10: "the converter has no path to the device"
      case 11: "the device behind the converter does not answer"
      default: "unknown code"
      }
    let range = "\(request.address)…\(Int(request.address) + Int(request.count) - 1)"
    return "the meter refused \(request.function.words) \(range) with exception \(code): \(what)"
  }

  public static func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}

extension ReadFunction {
  /// What is read, in words.
  public var words: String {
    switch self {
    case .readCoils: "coils"
    case .readDiscreteInputs: "discrete inputs"
    case .readHoldingRegisters: "holding registers"
    case .readInputRegisters: "input registers"
    }
  }
}
