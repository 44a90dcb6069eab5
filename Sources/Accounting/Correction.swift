import Metering

/// What somebody said of a meter's past beside the raw data, which stay as they are.
///
/// Append-only: a correction is never changed; a later one may withdraw it.
public struct Correction: Hashable, Sendable {
  public enum Action: Hashable, Sendable {
    /// Readings in [from, to) are not used; they keep their values.
    case exclude(from: Timestamp, to: Timestamp)
    /// What the register (or gauge) showed at a time.
    case substituteValue(at: Timestamp, value: ExactDecimal)
    /// What was counted in [from, to).
    case substituteTotal(from: Timestamp, to: Timestamp, total: ExactDecimal)
    /// The meter was being set up in [from, to): what it counted then is nobody's consumption.
    case commissioning(from: Timestamp, to: Timestamp)
    /// The correction of that id holds no more.
    case withdraw(id: String)
  }

  /// `[a-z0-9][a-z0-9._-]{0,63}`, unique in the archive.
  public var id: String
  public var meterID: String
  /// Nil: every quantity of the meter. A substitute is of one.
  public var quantity: String?
  public var action: Action
  public var author: String
  public var reason: String
  public var recordedAt: Timestamp

  public init(
    id: String, meterID: String, quantity: String? = nil, action: Action, author: String, reason: String,
    recordedAt: Timestamp
  ) {
    self.id = id
    self.meterID = meterID
    self.quantity = quantity
    self.action = action
    self.author = author
    self.reason = reason
    self.recordedAt = recordedAt
  }

  /// Whether it is of that series.
  public func concerns(_ meterID: String, _ quantity: String) -> Bool {
    self.meterID == meterID && self.quantity.map { $0 == quantity } ?? true
  }
}

/// Why a correction cannot be taken, and what to do.
public struct CorrectionFault: Error, Hashable, CustomStringConvertible {
  public let description: String
  init(_ id: String, _ what: String) { description = "correction '\(id)': \(what)" }
}

extension Correction {
  /// The longest author and reason.
  public static let textLimit = 1000

  /// - Throws: where a field cannot be.
  public func validate() throws(CorrectionFault) {
    func refuse(_ what: String) -> CorrectionFault { CorrectionFault(id, what) }
    guard Identifier.isValid(id) else { throw refuse("its id must be \(Identifier.rule)") }
    guard Identifier.isValid(meterID) else { throw refuse("'\(meterID)' is no meter's id: \(Identifier.rule)") }
    for (name, text) in [("author", author), ("reason", reason)] {
      guard text.contains(where: { !$0.isWhitespace }) else {
        throw refuse("its \(name) is empty: say \(name == "author" ? "who makes it" : "why")")
      }
      guard text.utf8.count <= Correction.textLimit else {
        throw refuse("its \(name) has \(text.utf8.count) bytes; at most \(Correction.textLimit)")
      }
      guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) else {
        throw refuse("its \(name) holds a control character: write it in one line")
      }
    }
    if let quantity, Quantity(quantity) == nil {
      throw refuse("'\(quantity)' is no quantity: take a name of the vocabulary, or x_…")
    }
    switch action {
    case .exclude(let from, let to), .commissioning(let from, let to): try validate(from, to)
    case .substituteTotal(let from, let to, let total):
      try validate(from, to)
      let kind = try substituteKind()
      if kind == .gauge || kind == .text {
        throw refuse("a \(kind?.rawValue ?? "") has no total: give a value at a time")
      }
      if total < .zero { throw refuse("a total of \(total) is below zero") }
    case .substituteValue(let at, _):
      try validate(at)
      if try substituteKind() == .text { throw refuse("a text has no value that could be substituted") }
    case .withdraw(let other):
      guard Identifier.isValid(other) else {
        throw refuse("'\(other)', which it withdraws, is no id: \(Identifier.rule)")
      }
      if other == id { throw refuse("it withdraws itself") }
    }
  }

  private func substituteKind() throws(CorrectionFault) -> Quantity.Kind? {
    guard let quantity else { throw CorrectionFault(id, "a substitute is of one series: name its quantity") }
    return Quantity(quantity)?.kind
  }

  private func validate(_ from: Timestamp, _ to: Timestamp) throws(CorrectionFault) {
    try validate(from)
    try validate(to)
    guard from < to else { throw CorrectionFault(id, "its end \(to) is not later than its start \(from)") }
  }

  private func validate(_ time: Timestamp) throws(CorrectionFault) {
    guard time >= .distantPast, time <= .distantFuture else {
      throw CorrectionFault(id, "\(time.milliseconds) ms is outside the years 1 to 9999")
    }
  }
}
