/// How residuals become tokens: below 2^`split` each has its own; above, a token says how many digits a residual has and the
/// `lead` digits behind the first, and the other digits follow as they are.
struct Tokens: Hashable, Sendable {
  static let largestSplit = 7
  static let largestLead = 2
  /// A token takes an octet in the head.
  static let largestToken = 255

  var split: Int
  var lead: Int

  /// The token of a residual, and how many digits follow.
  @inline(__always)
  func token(_ residual: UInt64) -> (token: Int, extra: Int) {
    if residual < 1 &<< UInt64(truncatingIfNeeded: split) { return (Int(truncatingIfNeeded: residual), 0) }
    let extra = digits(residual) &- 1 &- lead
    let leading = Int(truncatingIfNeeded: residual &>> UInt64(truncatingIfNeeded: extra)) & ((1 &<< lead) &- 1)
    return ((1 &<< split) &+ ((extra &+ lead &- split) &<< lead) &+ leading, extra)
  }

  /// The least residual of a token, and how many digits follow; nil: it would have more than 64 digits.
  func residuals(_ token: Int) -> (least: UInt64, extra: Int)? {
    if token < 1 << split { return (UInt64(token), 0) }
    let above = token - 1 << split
    let extra = split + (above >> lead) - lead
    guard extra + lead < 64 else { return nil }
    return (UInt64(1 << lead | above & (1 << lead - 1)) << UInt64(extra), extra)
  }
}

/// Which of several tables of frequencies a token is coded with: as many of the chosen `thresholds` as are not above the
/// residual before it (0 before the first).
struct TokenContexts: Hashable, Sendable {
  static let thresholds: [UInt64] = [1, 2, 4, 16]

  /// Bit j: threshold j is one.
  var chosen: UInt8

  var count: Int { chosen.nonzeroBitCount + 1 }

  /// Context by the place of a residual among all thresholds.
  func context(place: Int) -> Int { (chosen & (1 << UInt8(place) - 1)).nonzeroBitCount }

  /// How many of all thresholds are not above a residual.
  @inline(__always)
  static func place(_ residual: UInt64) -> Int {
    if residual < 2 { return Int(truncatingIfNeeded: residual) }
    return residual < 4 ? 2 : residual < 16 ? 3 : 4
  }
}
