/// What the rows of a group have in common.
public struct GroupHeader: Sendable {
  public var kind: UInt8
  public var marks: UInt8
  public var boot: String
  public var definition: String
  public var hasDue: Bool
  public var shape: Shape
}

extension GroupHeader {
  /// The chunk `shape`: lines of UTF-8, described in `docs/SEGMENTS.md`.
  var text: [UInt8] {
    var text = "kind \(kind)\nmarks \(marks)\nboot \(escaped(boot))\ndefinition \(escaped(definition))\n"
    text += "due \(hasDue ? "yes" : "no")\nfixed \(hexadecimal(shape.fixed))\n"
    for column in shape.columns {
      let order = (column.order.isEmpty ? Array(0..<UInt8(column.width)) : column.order).map(String.init).joined()
      text += "column \(column.name) \(column.offset) \(column.format.text) \(order) \(column.quarters.word)\n"
    }
    return Array(text.utf8)
  }

  /// Reads `text`; nil with anything else.
  init?(text: [UInt8]) {
    guard let whole = String(validating: text, as: UTF8.self), whole.utf8.last == UInt8(ascii: "\n") else { return nil }
    var lines = whole.utf8.dropLast().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)[...]
    func field(_ name: String) -> Substring.UTF8View? {
      guard let line = lines.popFirst(), line.starts(with: "\(name) ".utf8) else { return nil }
      return line.dropFirst(name.utf8.count + 1)
    }
    guard let kind = field("kind").flatMap({ UInt8(Substring($0)) }),
      let marks = field("marks").flatMap({ UInt8(Substring($0)) }),
      let boot = field("boot").flatMap(unescaped), let definition = field("definition").flatMap(unescaped),
      let due = field("due").map({ Substring($0) }), due == "yes" || due == "no",
      let fixed = field("fixed").flatMap({ octets(ofHexadecimal: $0) }), boot.utf8.count <= Limits.text,
      definition.utf8.count <= Limits.text, lines.count <= fixed.count
    else { return nil }
    var columns: [Shape.Column] = []
    columns.reserveCapacity(lines.count)
    while !lines.isEmpty {
      guard let column = field("column").flatMap({ Shape.Column(line: Substring($0)) }) else { return nil }
      columns.append(column)
    }
    let shape = Shape(fixed: fixed, columns: columns)
    guard shape.problem == nil else { return nil }
    self.init(
      kind: kind, marks: marks, boot: boot, definition: definition, hasDue: due == "yes", shape: shape)
  }
}

extension Shape.Column {
  fileprivate init?(line: Substring) {
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 5, let offset = Int(words[1]), let format = NumberFormat(words[2].utf8),
      let quarters = Shape.Quarters.allWords[String(words[4])], words[3].utf8.count == format.width
    else { return nil }
    let order = words[3].utf8.map { $0 &- UInt8(ascii: "0") }
    self.init(
      name: String(words[0]), offset: offset, width: format.width,
      order: order == Array(0..<UInt8(format.width)) ? [] : order, number: format.number, quarters: quarters)
  }
}

extension Shape.Quarters {
  fileprivate static let allWords: [String: Shape.Quarters] = ["none": .none, "counter": .counter, "gauge": .gauge]

  var word: String {
    switch self {
    case .none: "none"
    case .counter: "counter"
    case .gauge: "gauge"
    }
  }
}

private func hexadecimal(_ octets: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  return String(decoding: octets.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

private func octets(ofHexadecimal text: some Collection<UInt8>) -> [UInt8]? {
  guard text.count % 2 == 0, text.count / 2 <= Limits.shapedPayload else { return nil }
  var octets: [UInt8] = []
  octets.reserveCapacity(text.count / 2)
  var high: UInt8?
  for character in text {
    let digit: UInt8
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
    default: return nil
    }
    if let begun = high {
      octets.append(begun << 4 | digit)
      high = nil
    } else {
      high = digit
    }
  }
  return octets
}

/// Blanks, control characters and `%` as `%` and two digits: a text of rows may hold line ends.
private func escaped(_ text: String) -> String {
  var octets: [UInt8] = []
  for octet in text.utf8 {
    if octet > 0x20, octet != 0x7F, octet != UInt8(ascii: "%") {
      octets.append(octet)
    } else {
      octets.append(UInt8(ascii: "%"))
      octets.append(contentsOf: hexadecimal([octet]).utf8)
    }
  }
  return String(decoding: octets, as: UTF8.self)
}

private func unescaped(_ text: Substring.UTF8View) -> String? {
  var result: [UInt8] = []
  var rest = text
  while let octet = rest.popFirst() {
    guard octet == UInt8(ascii: "%") else {
      result.append(octet)
      continue
    }
    guard let value = octets(ofHexadecimal: rest.prefix(2)), value.count == 1 else { return nil }
    rest = rest.dropFirst(2)
    result.append(value[0])
  }
  return String(validating: result, as: UTF8.self)
}
