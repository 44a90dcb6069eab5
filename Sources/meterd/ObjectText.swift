import IEC104
import Metering

/// Values of information objects as people read them.
enum ObjectText {
  static func value(of object: InformationObject, _ type: TypeID) -> String {
    switch object.value(as: type) {
    case .single(let isOn): isOn ? "on" : "off"
    case .double(let state): ["indeterminate 0", "off", "on", "indeterminate 3"][Int(state & 3)]
    case .step(let step, let isTransient): "\(step)\(isTransient ? " moving" : "")"
    case .bitstring(let bits): "0x" + String(bits, radix: 16, uppercase: true)
    case .normalized(let raw): ExactDecimal(significand: Int128(raw) * 30_517_578_125, exponent: -15).description
    case .scaled(let raw): "\(raw)"
    case .float(let value): ExactDecimal(shortest: value)?.description ?? "\(value)"
    case .counter(let count, _, let carry, let adjusted): "\(count)\(carry ? " CY" : "")\(adjusted ? " CA" : "")"
    default: "0x" + String(object.bits, radix: 16, uppercase: true)
    }
  }

  /// As it stands in the object, in the station's own time: `26-11-21 10:15:00.250 SU`; a dash for none.
  static func tag(_ object: InformationObject) -> String {
    func two(_ number: some BinaryInteger) -> String { number < 10 ? "0\(number)" : "\(number)" }
    func seconds(_ milliseconds: UInt16) -> String {
      let rest = "\(milliseconds % 1000)"
      return "\(two(milliseconds / 1000)).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
    }
    if let tag = object.time.cp56 {
      return "\(two(tag.year))-\(two(tag.month))-\(two(tag.day)) \(two(tag.hour)):\(two(tag.minute)):"
        + seconds(tag.milliseconds) + (tag.isSummerTime ? " SU" : "") + (tag.isInvalid ? " IV" : "")
    }
    if let tag = object.time.cp24 {
      return "…:\(two(tag.minute)):\(seconds(tag.milliseconds))" + (tag.isInvalid ? " IV" : "")
    }
    return "-"
  }

  /// `IV NT`; a dash for a sound one.
  static func quality(_ quality: ObjectQuality) -> String {
    let names: [(ObjectQuality, String)] = [
      (.invalid, "IV"), (.notTopical, "NT"), (.substituted, "SB"), (.blocked, "BL"), (.overflow, "OV"),
      (.elapsedTimeInvalid, "EI"),
    ]
    let set = names.filter { quality.contains($0.0) }.map(\.1)
    return set.isEmpty ? "-" : set.joined(separator: " ")
  }
}
