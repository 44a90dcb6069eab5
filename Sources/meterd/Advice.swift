import Modbus
import ModbusProtocol

/// What to do about a failure, for whoever stands before the cabinet. docs/WIRING.md says more.
enum Advice {
  static func text(_ result: ReadResult, _ bus: BusSettings, _ device: Device) -> String? {
    switch result {
    case .data, .failed(.held), .failed(.stopped), .failed(.link): nil
    case .exception(let code): exception(code)
    case .failed(.timeout):
      switch bus.transport {
      case .tcp:
        "is unit \(device.unitID) right, and 'timeout' longer than the converter's own? try: meterd scan \(bus.id)"
      case .rtu, .rtuOverTCP:
        "power, unit id, baud and parity, A and B swapped? try: meterd scan \(bus.id) --units \(device.unitID)"
          + (bus.isSerialDevice ? " --sweep" : "")
      }
    case .failed(.crc): "two devices with this unit id? termination, bias, shield? more 'pause'? see docs/WIRING.md"
    case .failed(.malformed(let bytes)):
      if bus.format == nil, bytes.count > 6, bytes[6] != device.unitID {
        "it answers as unit \(bytes[6]): any_unit = true on the bus, if it is the only device there"
      } else if bus.format != nil {
        "does the adapter hear itself (echo = true), or is another master on the line?"
      } else {
        "is this a converter in transparent mode? type = \"rtu-over-tcp\" then"
      }
    }
  }

  private static func exception(_ code: UInt8) -> String? {
    switch code {
    case 1: "the other table? holding registers are function 3, input registers function 4"
    case 2: "another model, or a manual that counts from 1? see docs/PROFILES.md"
    case 3: "too many at once for this device: give the meter a smaller 'max_registers'"
    case 5, 6: "it is busy: a longer 'every', or 'pause' for this meter"
    case 10, 11: "the converter speaks: look at its serial side, and at its own timeout"
    default: nil
    }
  }
}

extension BusSettings {
  var isSerialDevice: Bool {
    if case .rtu = transport { true } else { false }
  }
}
