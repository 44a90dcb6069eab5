import Metering

extension TableReader {
  /// `order`, for a value of that type; ABCD where it is absent or wrong.
  func order(_ type: RegisterType?, length: Int? = nil) -> ByteOrder {
    guard let text = string("order") else { return .abcd }
    guard let order = ByteOrder(rawValue: text.value) else {
      error(
        text.position,
        "'order' is \(Wording.quoted(text.value)); it must be ABCD, CDAB, BADC or DCBA, or the bytes of three or four"
          + " registers as they travel, such as EFCDAB or GHEFCDAB")
      return .abcd
    }
    guard let type else { return order }
    if type.isHalf, order != .abcd {
      error(
        text.position, "'order' is '\(order.rawValue)', but \(type.rawValue) says itself which byte it is; remove it")
    }
    if let registers = order.registers, let width = type.fixedWidth ?? length, registers != width {
      error(
        text.position,
        "'order' is '\(order.rawValue)', which is of \(registers) registers, but \(type.rawValue) takes \(width)")
    }
    return order
  }

  /// `address`, with all that stands beside it, where the value ends at register 65535 at the latest.
  func register(
    table: RegisterTable?, address: Located<Int>?, type: RegisterType?, order: ByteOrder, length: Int? = nil
  ) -> Located<RegisterReference>? {
    guard let table, let address, let type else { return nil }
    let register = RegisterReference(
      table: table, address: UInt16(address.value), type: type, order: order, length: length.map { UInt16($0) })
    guard register.end <= 65_536 else {
      error(
        address.position,
        "\(type.rawValue) at address \(address.value) takes \(register.width) registers and ends past register 65535")
      return nil
    }
    return Located(value: register, position: address.position)
  }

  func address(_ key: String = "address") -> Located<Int>? { integer(key, in: 0...65_535, required: true) }
}

extension RegisterType {
  var isHalf: Bool { [.u8High, .u8Low, .i8High, .i8Low].contains(self) }

  static let unsigned: [RegisterType] = [.u8High, .u8Low, .u16, .u32, .u48, .u64]

  /// Of the number's pattern; nil for strings, whose width the reference says.
  var bits: Int? {
    switch self {
    case .bool: 1
    case .u8High, .u8Low, .i8High, .i8Low: 8
    default: fixedWidth.map { $0 * 16 }
    }
  }

  /// For "its type is …".
  static func list(_ types: [RegisterType]) -> String {
    let names = types.map(\.rawValue)
    return names.dropLast().joined(separator: ", ") + (names.count > 1 ? " or " : "") + (names.last ?? "")
  }
}
