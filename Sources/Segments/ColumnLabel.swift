import Columns

/// A number of a width, as labels name it: `u16`, `s32`, `f64`.
struct NumberFormat: Hashable {
  let number: Shape.Number
  /// Octets.
  let width: Int

  init(number: Shape.Number, width: Int) {
    self.number = number
    self.width = width
  }

  init?(_ text: some Collection<UInt8>) {
    let number: Shape.Number
    switch text.first {
    case UInt8(ascii: "u"): number = .unsigned
    case UInt8(ascii: "s"): number = .signed
    case UInt8(ascii: "f"): number = .float
    default: return nil
    }
    var bits = 0
    for digit in text.dropFirst() {
      guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit, bits <= 6, bits > 0 || digit > UInt8(ascii: "0") else {
        return nil
      }
      bits = 10 * bits + Int(digit - UInt8(ascii: "0"))
    }
    guard 8...64 ~= bits, bits % 8 == 0, number != .float || bits == 32 || bits == 64 else { return nil }
    self.init(number: number, width: bits / 8)
  }

  var text: String {
    switch number {
    case .unsigned: "u\(8 * width)"
    case .signed: "s\(8 * width)"
    case .float: "f\(8 * width)"
    }
  }

  var column: ColumnFormat { ColumnFormat(bits: 8 * width, isFloat: number == .float) }
}

/// What a column of chunks is called in leaf headers and in the index; their order is that of the columns in a file.
struct ColumnLabel: Hashable {
  enum Role: Hashable {
    // In this order: a series needs the first three, which are read at once.
    case shape, due, time, received, seq
    /// Odd rows, whole.
    case rows
    case value(name: String, NumberFormat)
    /// Which quarters there are.
    case quarter
    case quarters(name: String, NumberFormat, Shape.Quarters)
  }

  let role: Role
  let octets: [UInt8]

  init(_ role: Role) {
    self.role = role
    let text =
      switch role {
      case .shape: "shape"
      case .due: "due"
      case .time: "time"
      case .received: "received"
      case .seq: "seq"
      case .rows: "rows"
      case .value(let name, let format): "\(name):\(format.text)"
      case .quarter: "quarter"
      case .quarters(let name, let format, let quarters):
        "\(name):\(format.text):\(quarters == .counter ? "counter" : "gauge")"
      }
    octets = Array(text.utf8)
  }

  /// Nil for what no writer writes.
  init?(_ octets: ArraySlice<UInt8>) {
    guard octets.count <= Limits.text, octets.allSatisfy(Limits.isNameOctet) else { return nil }
    let colon = UInt8(ascii: ":")
    guard let end = octets.firstIndex(of: colon) else {
      guard let role = ColumnLabel.plain[String(decoding: octets, as: UTF8.self)] else { return nil }
      self.init(role: role, octets: octets)
      return
    }
    let rest = octets[(end + 1)...]
    let second = rest.firstIndex(of: colon) ?? octets.endIndex
    let name = String(decoding: octets[..<end], as: UTF8.self)
    guard 1...Limits.columnName ~= end - octets.startIndex, let format = NumberFormat(rest[..<second]),
      !Shape.reservedNames.contains(name)
    else { return nil }
    switch String(decoding: octets[second...], as: UTF8.self) {
    case "": self.init(role: .value(name: name, format), octets: octets)
    case ":counter": self.init(role: .quarters(name: name, format, .counter), octets: octets)
    case ":gauge" where format.number == .float || format.width <= 6:
      self.init(role: .quarters(name: name, format, .gauge), octets: octets)
    default: return nil
    }
  }

  private init(role: Role, octets: ArraySlice<UInt8>) {
    self.role = role
    self.octets = Array(octets)
  }

  var text: String { String(decoding: octets, as: UTF8.self) }

  private static let plain: [String: Role] = [
    "shape": .shape, "due": .due, "time": .time, "received": .received, "seq": .seq, "rows": .rows,
    "quarter": .quarter,
  ]

  private var rank: Int {
    switch role {
    case .shape: 0
    case .due: 1
    case .time: 2
    case .received: 3
    case .seq: 4
    case .rows: 5
    case .value: 6
    case .quarter: 7
    case .quarters: 8
    }
  }

  /// The column that it is of, by name: for choosing.
  var valueName: String? {
    if case .value(let name, _) = role { name } else { nil }
  }
}

extension ColumnLabel: Comparable {
  static func < (a: ColumnLabel, b: ColumnLabel) -> Bool {
    a.rank != b.rank ? a.rank < b.rank : a.octets.lexicographicallyPrecedes(b.octets)
  }
}
