import Metering

extension PointReader {
  /// The address is checked with the width of the type.
  func readRegister() -> Located<RegisterReference>? {
    let area = table.choice("table", of: RegisterTable.self, required: true)
    let address = table.address()
    var type = table.choice("type", of: RegisterType.self, required: area?.value.isBits != true)?.value
    let length = readLength(type)
    let order = table.order(type, length: length)
    if let area {
      if area.value.isBits, !table.has("type") { type = .bool }
      if let found = type, area.value.isBits != (found == .bool) {
        let wanted =
          area.value.isBits ? "holds bits: its type is bool" : "holds 16-bit registers: bool is no type there"
        table.error(
          table.valuePosition("type"),
          "'type' is '\(found.rawValue)', but the \(area.value.rawValue) table \(wanted)")
        return nil
      }
    }
    if type == .string, length == nil { return nil }
    return table.register(table: area?.value, address: address, type: type, order: order, length: length)
  }

  /// Where the register is not sound: the type alone, for the checks that need no more.
  func readType() -> RegisterType? {
    guard let node = table.node("type"), case .string(let name) = node.value else { return nil }
    return RegisterType(rawValue: name)
  }

  private func readLength(_ type: RegisterType?) -> Int? {
    switch type {
    case .string: return table.integer("length", in: 1...64, required: true)?.value
    case nil: _ = table.has("length")
    default: table.misplaced(["length"], because: "'type' is not \"string\"")
    }
    return nil
  }

  /// Clocks are for `clock_offset` and nothing else is; strings are for texts, which may also be whole numbers.
  func checkType(_ type: RegisterType?, _ quantity: Quantity?, kind: Quantity.Kind?) -> Bool {
    guard let type, let quantity else { return true }
    let wanted: String
    if quantity.name == "clock_offset" {
      if type.isClock { return true }
      wanted =
        "clock_offset is made of the device's time: its type is "
        + RegisterType.list(RegisterType.allCases.filter(\.isClock))
    } else if type.isClock {
      wanted = "a device's time is for quantity = \"clock_offset\""
    } else if kind == .text {
      let types = [.string] + RegisterType.unsigned
      if types.contains(type) { return true }
      wanted = "\(quantity.name) is a text: its type is \(RegisterType.list(types))"
    } else if type == .string, let kind {
      wanted = "\(quantity.name) is a \(kind.rawValue): strings are for texts"
    } else {
      return true
    }
    table.error(table.valuePosition("type"), "'type' is '\(type.rawValue)', but \(wanted)")
    return false
  }

  func readBits(_ type: RegisterType?) -> Definition.BitField? {
    guard let node = table.node("bits") else { return nil }
    guard case .array(let elements) = node.value, elements.count == 2,
      case .integer(let lowest) = elements[0].value, case .integer(let highest) = elements[1].value
    else {
      table.error(node.position, "'bits' must be two integers, the lowest and the highest bit, such as [4, 7]")
      return nil
    }
    guard let type else { return nil }
    guard RegisterType.unsigned.contains(type), let width = type.bits else {
      table.error(
        table.keyPosition("bits"),
        "'bits' on type \(type.rawValue): they are of \(RegisterType.list(RegisterType.unsigned)); remove it")
      return nil
    }
    guard (0..<Int64(width)).contains(lowest), (lowest..<Int64(width)).contains(highest) else {
      table.error(
        node.position,
        "'bits' is [\(lowest), \(highest)]; the bits of type \(type.rawValue) are 0 to \(width - 1), the lowest comes first"
      )
      return nil
    }
    return Definition.BitField(lowest: UInt8(lowest), highest: UInt8(highest))
  }

  func readInvalid(_ type: RegisterType?) -> [UInt64]? {
    guard let texts = table.strings("invalid", limit: 16) else { return nil }
    var patterns: [UInt64] = []
    for text in texts {
      guard text.value.hasPrefix("0x"), text.value.dropFirst(2).utf8.allSatisfy({ $0 != UInt8(ascii: "+") }),
        let pattern = UInt64(text.value.dropFirst(2), radix: 16)
      else {
        table.error(
          text.position,
          "'invalid' holds \(Wording.quoted(text.value)); a bit pattern is written as \"0xFFFF\", up to 16 digits")
        continue
      }
      if let type, let bits = type.bits, bits < 64, pattern >> UInt64(bits) != 0 {
        table.error(
          text.position,
          "'invalid' holds \(Wording.quoted(text.value)), more than the \(bits) bits of type \(type.rawValue)")
        continue
      }
      patterns.append(pattern)
    }
    return patterns
  }
}
