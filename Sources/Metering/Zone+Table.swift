/// The content of a zone: what the file lists, then the rule that holds after it. All times in seconds since 1970.
final class ZoneTable: Sendable {
  struct Transition: Hashable, Sendable {
    var at: Int64
    /// Seconds ahead of UTC from `at` on.
    var offset: Int64
  }

  struct Span {
    var start: Int64?
    var end: Int64?
    var offset: Int64
  }

  /// What an offset can be (RFC 8536, 3.2: more than -25 h, less than 26 h).
  static let offsetLimits: ClosedRange<Int64> = -89_999...93_599

  let name: String
  let initialOffset: Int64
  /// Ascending, each one a change of offset.
  let transitions: [Transition]
  let rule: ZoneRule?
  /// From here on `rule` holds: the last transition of the file, also if that changed no offset.
  let ruleFrom: Int64

  init(name: String, initialOffset: Int64, transitions: [Transition], rule: ZoneRule?, ruleFrom: Int64) {
    self.name = name
    self.initialOffset = initialOffset
    self.transitions = transitions
    self.rule = rule
    self.ruleFrom = ruleFrom
  }

  func isSame(as other: ZoneTable) -> Bool {
    name == other.name && initialOffset == other.initialOffset && transitions == other.transitions
      && rule == other.rule && ruleFrom == other.ruleFrom
  }

  func offset(at seconds: Int64) -> Int64 {
    if let rule, seconds >= ruleFrom { return rule.span(at: seconds).offset }
    let next = indexOfTransition(after: seconds)
    return next == 0 ? initialOffset : transitions[next - 1].offset
  }

  func span(at seconds: Int64) -> Span {
    if let rule, seconds >= ruleFrom {
      var span = rule.span(at: seconds)
      // File and rule agree at `ruleFrom` (checked on reading), so that a span may reach from one into the other.
      if span.start.map({ $0 < ruleFrom }) ?? true { span.start = transitions.last?.at }
      return span
    }
    let next = indexOfTransition(after: seconds)
    return Span(
      start: next == 0 ? nil : transitions[next - 1].at,
      end: next < transitions.count ? transitions[next].at : rule?.span(at: ruleFrom).end,
      offset: next == 0 ? initialOffset : transitions[next - 1].offset)
  }

  private func indexOfTransition(after seconds: Int64) -> Int {
    var low = 0
    var high = transitions.count
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle].at <= seconds { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
