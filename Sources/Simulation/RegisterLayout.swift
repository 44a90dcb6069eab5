import Metering

/// Where the bytes of a value travel in its registers.
struct RegisterLayout: Sendable {
  /// Registers, or one bit.
  let width: Int
  /// For each byte of the value, most significant first, its place on the wire.
  private let places: [Int]

  /// - Throws: where the order is for another number of registers.
  init(_ register: RegisterReference) throws(SimulationError) {
    width = register.width
    if let registers = register.order.registers, registers != width {
      throw SimulationError(
        .definition,
        "the order \(register.order.rawValue) is for \(registers) registers, \(register.type.rawValue) has \(width)")
    }
    switch register.type {
    case .bool: places = [0, 1]
    case .u8High, .i8High: places = [0]
    case .u8Low, .i8Low: places = [1]
    default: places = register.order.places(registers: width)
    }
  }

  /// - Parameter bytes: most significant first; missing ones are 0.
  func registers(of bytes: [UInt8]) -> [UInt16] {
    var registers = [UInt16](repeating: 0, count: width)
    for (byte, place) in zip(bytes, places) {
      registers[place / 2] |= place.isMultiple(of: 2) ? UInt16(byte) << 8 : UInt16(byte)
    }
    return registers
  }

  /// The same for at most four registers, without an array.
  func words(of pattern: UInt64) -> SIMD4<UInt16> {
    var words = SIMD4<UInt16>()
    var shift = UInt64(8 * places.count)
    for place in places {
      shift -= 8
      let byte = UInt16(pattern >> shift & 0xFF)
      words[place / 2] |= place.isMultiple(of: 2) ? byte << 8 : byte
    }
    return words
  }

  /// Text as a device holds it: cut between two characters where it is too long, padded with NULs.
  func registers(of text: String) -> [UInt16] {
    var bytes: [UInt8] = []
    for character in text {
      guard bytes.count + character.utf8.count <= 2 * width else { break }
      bytes += character.utf8
    }
    return registers(of: bytes)
  }
}
