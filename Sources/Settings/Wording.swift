/// How names and choices read in error texts.
enum Wording {
  /// In single quotes, cut to 64 code points and escaped.
  static func quoted(_ text: String) -> String {
    let head = String(String.UnicodeScalarView(text.unicodeScalars.prefix(65)))
    guard head.unicodeScalars.count > 64 else { return "'\(escaped(head))'" }
    return "'\(escaped(String(head.unicodeScalars.dropLast())))…'"
  }

  /// Control characters as `\u{1b}`, so that a file cannot talk to a terminal.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      if isControl(scalar) {
        result += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// C0, DEL, C1, line and paragraph separators, and the marks that reorder text.
  static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  /// `; did you mean 'baud'?`, or nothing where no name is near.
  static func suggestion(for name: String, among names: some Sequence<String>) -> String {
    nearest(to: name, among: names).map { "; did you mean '\($0)'?" } ?? ""
  }

  /// The name that is fewest edits away: at most two, one for names of up to three letters.
  static func nearest(to name: String, among names: some Sequence<String>) -> String? {
    let wanted = Array(name.utf8)
    guard wanted.count <= 64 else { return nil }
    var best: (name: String, distance: Int)?
    for candidate in names {
      let count = candidate.utf8.count
      let limit = min(wanted.count, count) <= 3 ? 1 : 2
      guard count <= 64, abs(count - wanted.count) <= limit else { continue }
      let distance = editDistance(wanted, Array(candidate.utf8))
      guard distance <= limit else { continue }
      if let found = best, (found.distance, found.name) <= (distance, candidate) { continue }
      best = (candidate, distance)
    }
    return best?.name
  }

  /// Letters inserted, removed, replaced, or swapped with their neighbour (optimal string alignment).
  private static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
        row.append(cost)
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }
}
