import IEC104

/// An APDU in words: a line, and one for each object.
enum APDUText {
  static func lines(ofStream bytes: [UInt8]) throws -> [String] {
    var lines: [String] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let length = try rest.withUnsafeBytes { try APCI.frameLength($0) }
      guard let length, length <= rest.count else {
        lines.append("the stream ends within an APDU")
        break
      }
      lines += try self.lines(of: Array(rest.prefix(length)))
      rest = rest.dropFirst(length)
    }
    return lines
  }

  static func lines(of frame: [UInt8]) throws -> [String] {
    switch try frame.withUnsafeBytes({ try APCI(frame: $0) }) {
    case .u(let function): return ["U \(function)"]
    case .s(let receiveNumber): return ["S \(receiveNumber)"]
    case .i(let sendNumber, let receiveNumber):
      var objects: [InformationObject] = []
      let decoded = try ASDU.decode(Array(frame[APCI.size...]), into: &objects)
      let header = decoded.header
      var line = "I \(sendNumber) \(receiveNumber) \(header.type) n=\(header.count)"
      if header.isSequence { line += " SQ" }
      line += " cause=\(header.cause.rawValue) OA=\(header.originator) CA=\(header.commonAddress)"
      if header.isNegative { line += " N" }
      if header.isTest { line += " T" }
      if decoded.trailingOctets > 0 { line += " trailing=\(decoded.trailingOctets)" }
      return [line] + objects.map { text(of: $0, header.type) }
    }
  }

  private static func text(of object: InformationObject, _ type: TypeID) -> String {
    var line = "  \(object.address) \(text(of: object, object.value(as: type)))"
    let names: [(ObjectQuality, String)] = [
      (.invalid, "IV"), (.notTopical, "NT"), (.substituted, "SB"), (.blocked, "BL"), (.elapsedTimeInvalid, "EI"),
      (.overflow, "OV"),
    ]
    for (bit, name) in names where object.quality.contains(bit) { line += " " + name }
    if let time = object.time.cp56 {
      line += " 20\(two(time.year))-\(two(time.month))-\(two(time.day))"
      line += " \(two(time.hour)):\(two(time.minute)):\(two(UInt8(time.milliseconds / 1000)))"
      let fraction = "\(time.milliseconds % 1000)"
      line += "." + String(repeating: "0", count: 3 - fraction.count) + fraction
      line += " weekday=\(time.dayOfWeek)"
      if time.isSummerTime { line += " summer" }
      if time.isInvalid { line += " time-IV" }
      if time.isSubstituted { line += " time-SB" }
    }
    return line
  }

  private static func text(of object: InformationObject, _ value: ObjectValue) -> String {
    switch value {
    case .single(let isOn): "\(isOn ? 1 : 0)"
    case .double(let state): "\(state)"
    case .step(let position, let isTransient): "\(position)\(isTransient ? " transient" : "")"
    case .bitstring(let bits): "\(bits)"
    case .normalized(let word): "\(word)/32768\(qualifier(object))"
    case .scaled(let word): "\(word)\(qualifier(object))"
    case .float(let number): "\(number)\(qualifier(object))"
    case .command(let state): "\(state)\(qualifier(object))"
    case .initialization(let cause): "\(cause)"
    case .qualifier(let qualifier): "\(qualifier)"
    default: "\(value)"
    }
  }

  /// QU and S/E, QL or QPM.
  private static func qualifier(_ object: InformationObject) -> String {
    object.detail > 0 ? " qualifier=\(object.detail)" : ""
  }

  private static func two(_ number: UInt8) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
