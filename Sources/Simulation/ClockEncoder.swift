import Metering

/// A device's clock in its registers: the wall clock with a constant error.
struct ClockEncoder: Sendable {
  private let type: RegisterType
  private let layout: RegisterLayout
  private let zone: Zone
  private let offsetMilliseconds: Int64

  /// - Parameter offsetMilliseconds: how far the device's clock is ahead.
  init(_ register: RegisterReference, zone: Zone, offsetMilliseconds: Int64) throws(SimulationError) {
    type = register.type
    layout = try RegisterLayout(register)
    self.zone = zone
    self.offsetMilliseconds = offsetMilliseconds
  }

  /// Whole seconds are cut off, as a clock shows them.
  func registers(at now: Timestamp) -> [UInt16] {
    let instant = now + offsetMilliseconds
    if type == .clockUnix {
      return layout.registers(of: UInt32(truncatingIfNeeded: instant.seconds).bigEndianBytes)
    }
    let local = instant.milliseconds + Int64(zone.offsetSeconds(at: instant)) * 1000
    let date = CivilDate(daysSinceEpoch: local.flooredDivision(by: 86_400_000))
    let ofDay = Int(local.flooredRemainder(by: 86_400_000))
    let (hour, minute, milliseconds) = (ofDay / 3_600_000, ofDay / 60_000 % 60, ofDay % 60_000)
    let fields = [date.year, date.month, date.day, hour, minute, milliseconds / 1000]
    let short = [date.year % 100] + fields.dropFirst()
    switch type {
    case .clockFields: return layout.registers(of: fields.flatMap { UInt16($0).bigEndianBytes })
    case .clockBytes: return layout.registers(of: short.map { UInt8($0) })
    case .clockBCD: return layout.registers(of: short.map { UInt8(($0 / 10) << 4 | $0 % 10) })
    default:
      // IEC 60870-5-4 clause 6.8; neither weekday nor summer time is used.
      let bytes = [0, date.year - 2000, date.month, date.day, hour, minute].map { UInt8(truncatingIfNeeded: $0) }
      return layout.registers(of: bytes + UInt16(milliseconds).bigEndianBytes)
    }
  }
}

extension FixedWidthInteger {
  fileprivate var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}
