/// One request as the hostile server got it, and what can be made of it. Nothing here is taken from the room that is tested.
struct HostileRequest: Sendable {
  let bytes: [UInt8]
  let isRTU: Bool
  /// From 1, of its unit.
  let number: Int

  static func length(isRTU: Bool) -> Int { isRTU ? 8 : 12 }

  private var pdu: ArraySlice<UInt8> { isRTU ? bytes[1..<6] : bytes[7..<12] }
  var unitID: UInt8 { isRTU ? bytes[0] : bytes[6] }
  var function: UInt8 { pdu.first ?? 0 }
  var address: Int { word(1) }
  var count: Int { word(3) }

  private func word(_ place: Int) -> Int {
    Int(pdu[pdu.startIndex + place]) << 8 | Int(pdu[pdu.startIndex + place + 1])
  }

  // MARK: - Values

  /// Even registers hold the number of the request, odd ones say whose they are: a value that belongs to another request is
  /// recognised whoever takes it for his.
  static func value(unitID: UInt8, function: UInt8, address: Int, number: Int) -> UInt16 {
    if address.isMultiple(of: 2) { return UInt16(truncatingIfNeeded: number) }
    return UInt16(truncatingIfNeeded: address &* 2654 &+ Int(unitID) &* 40_503 &+ Int(function) &* 9973)
  }

  func replyPDU(count: Int? = nil) -> [UInt8] {
    let data = (0..<(count ?? self.count)).flatMap { place -> [UInt8] in
      let value = HostileRequest.value(
        unitID: unitID, function: function, address: address + place, number: number)
      return [UInt8(value >> 8), UInt8(value & 0xFF)]
    }
    return [function, UInt8(truncatingIfNeeded: data.count)] + data
  }

  // MARK: - Frames

  func frame(_ pdu: [UInt8], wrong field: String = "") -> [UInt8] {
    var pdu = pdu
    if field == "function" { pdu[0] ^= 7 }
    if field == "bytecount" { pdu[1] -= 2 }
    let unit = field == "unit" ? unitID ^ 3 : unitID
    if isRTU {
      var frame = HostileRequest.checksummed([unit] + pdu)
      if field == "crc" { frame[frame.count - 1] ^= 1 }
      return frame
    }
    var id = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
    if field == "tid+" { id &+= 1 }
    if field == "tid-" { id &-= 1 }
    let length = 1 + pdu.count + (field == "length+" ? 1 : field == "length-" ? -1 : 0)
    return [
      UInt8(id >> 8), UInt8(id & 0xFF), 0, field == "protocol" ? 1 : 0, UInt8(length >> 8), UInt8(length & 0xFF), unit,
    ] + pdu
  }

  /// The fields that `frame` can get wrong.
  static let fields: Set<Substring> = [
    "unit", "function", "bytecount", "crc", "tid+", "tid-", "protocol", "length+", "length-",
  ]

  /// What a third unit was asked, and its reply.
  var foreign: [UInt8] {
    let request: [UInt8] = [9, function, UInt8(address >> 8), UInt8(address & 0xFF), 0, UInt8(count)]
    return HostileRequest.checksummed(request) + HostileRequest.checksummed([9] + replyPDU())
  }

  /// Hexadecimal digits and `{names}`; nil where there is something else.
  func filled(_ template: String) -> [UInt8]? {
    let pdu = replyPDU()
    var result: [UInt8] = []
    var rest = template[...]
    while let first = rest.first {
      if first == "{", let end = rest.firstIndex(of: "}") {
        switch rest[rest.index(after: rest.startIndex)..<end] {
        case "unit": result.append(unitID)
        case "function": result.append(function)
        case "bytecount": result.append(pdu[1])
        case "data": result += pdu[2...]
        case "tid": result += bytes[..<2]
        case "crc": result = HostileRequest.checksummed(result)
        default: return nil
        }
        rest = rest[rest.index(after: end)...]
      } else {
        guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
        result.append(byte)
        rest = rest.dropFirst(2)
      }
    }
    return result
  }

  /// MODBUS over Serial Line V1.02, appendix B, bit by bit.
  static func checksummed(_ bytes: [UInt8]) -> [UInt8] {
    var crc: UInt16 = 0xFFFF
    for byte in bytes {
      crc ^= UInt16(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xA001 : crc >> 1 }
    }
    return bytes + [UInt8(crc & 0xFF), UInt8(crc >> 8)]
  }
}
