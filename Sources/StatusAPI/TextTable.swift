/// Aligned columns of text that fit a terminal.
struct TextTable {
  enum Alignment { case left, right }

  struct Column {
    var title: String
    var alignment = Alignment.left
    /// Columns that it may be narrowed to; nil keeps it whole.
    var minimum: Int?
  }

  struct Cell: ExpressibleByStringInterpolation {
    var text: String
    var tone: Tone?

    init(_ text: String, _ tone: Tone? = nil) {
      self.text = text
      self.tone = tone
    }
    init(stringLiteral value: String) { self.init(value) }
  }

  var columns: [Column]
  var rows: [[Cell]] = []
  private static let gap = 2

  init(_ columns: [Column]) { self.columns = columns }

  /// Lines without line breaks or trailing spaces, none wider than `width`.
  func lines(width: Int, colour: Bool) -> [String] {
    let clean = rows.map { $0.map { Cell(DisplayWidth.harmless($0.text), $0.tone) } }
    let widths = fittedWidths(of: clean, width: width)
    let titles = columns.map { Cell($0.title) }
    return ([titles] + clean).map { line($0, widths: widths, width: width, colour: colour) }
  }

  /// Natural widths; where they do not fit, the widest column that may be narrowed gives up one after the other.
  private func fittedWidths(of rows: [[Cell]], width: Int) -> [Int] {
    var widths = columns.indices.map { index in
      rows.reduce(DisplayWidth.of(columns[index].title)) { max($0, DisplayWidth.of($1[index].text)) }
    }
    var excess = widths.reduce(0, +) + Self.gap * (columns.count - 1) - width
    while excess > 0 {
      let candidates = columns.indices.filter { widths[$0] > columns[$0].minimum ?? .max }
      guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
      widths[widest] -= 1
      excess -= 1
    }
    return widths
  }

  private func line(_ cells: [Cell], widths: [Int], width: Int, colour: Bool) -> String {
    var result = ""
    var used = 0
    var pendingSpaces = 0
    for index in columns.indices {
      // A terminal too narrow even for the least widths shows the first columns.
      guard used + pendingSpaces < width else { break }
      let room = min(widths[index], width - used - pendingSpaces)
      let text = DisplayWidth.truncated(cells[index].text, to: room)
      let taken = DisplayWidth.of(text)
      let padding = max(0, room - taken)
      if columns[index].alignment == .right { pendingSpaces += padding }
      if !text.isEmpty {
        result +=
          String(repeating: " ", count: pendingSpaces) + Tone.applied(cells[index].tone, to: text, colour: colour)
        used += pendingSpaces + taken
        pendingSpaces = 0
      }
      if columns[index].alignment == .left { pendingSpaces += padding }
      pendingSpaces += Self.gap
    }
    return result
  }
}

/// The three colours of a status; ANSI only where the caller wants it (ECMA-48, 8.3.117 SGR).
enum Tone: String {
  case good = "\u{1B}[32m"
  case warning = "\u{1B}[33m"
  case bad = "\u{1B}[31m"

  static func applied(_ tone: Tone?, to text: String, colour: Bool) -> String {
    guard colour, let tone else { return text }
    return "\(tone.rawValue)\(text)\u{1B}[0m"
  }
}
