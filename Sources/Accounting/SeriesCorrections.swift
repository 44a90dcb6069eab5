import Metering

/// The corrections of one series, applied to its readings in the order of time. Raw data stay as they are.
///
/// | | value | quality | flag |
/// |---|---|---|---|
/// | excluded | kept | bad | `excluded` |
/// | commissioning | kept | bad | `commissioning` |
/// | substituted | the substitute | uncertain | `corrected` |
///
/// A substitute for a time at which there is no reading becomes one, without `seq` (0) and without raw bytes. Where several
/// substitutes are for one time the last recorded counts; a substitute stands against exclusion and commissioning, because
/// somebody gave it for that very time.
public struct SeriesCorrections: Sendable {
  public let meterID: String
  public let quantity: String
  /// Totals that were given, by start.
  public let totals: [SubstituteTotal]
  private let ranges: [(from: Timestamp, to: Timestamp, flag: String)]
  private let substitutes: [Substitute]
  private var next = 0

  private struct Substitute: Sendable {
    var at: Timestamp
    var value: ExactDecimal
    var recordedAt: Timestamp
  }

  init(meterID: String, quantity: String, _ corrections: [Correction]) {
    self.meterID = meterID
    self.quantity = quantity
    var totals: [SubstituteTotal] = []
    var ranges: [(from: Timestamp, to: Timestamp, flag: String)] = []
    var substitutes: [Timestamp: Substitute] = [:]
    for correction in corrections {
      switch correction.action {
      case .exclude(let from, let to): ranges.append((from, to, "excluded"))
      case .commissioning(let from, let to): ranges.append((from, to, "commissioning"))
      case .substituteValue(let at, let value):
        substitutes[at] = Substitute(at: at, value: value, recordedAt: correction.recordedAt)
      case .substituteTotal(let from, let to, let total):
        totals.append(SubstituteTotal(from: from, to: to, total: total))
      case .withdraw: break
      }
    }
    self.totals = totals.sorted { $0.from < $1.from }
    self.ranges = ranges.sorted { $0.from < $1.from }
    self.substitutes = substitutes.values.sorted { $0.at < $1.at }
  }

  public var isEmpty: Bool { totals.isEmpty && ranges.isEmpty && substitutes.isEmpty }

  /// Whether readings in [from, to) are changed: then aggregates of them cannot be used. Given totals change no reading.
  public func touches(from: Timestamp, to: Timestamp) -> Bool {
    ranges.contains { $0.from < to && from < $0.to } || substitutes.contains { from <= $0.at && $0.at < to }
  }

  /// Takes the next reading, and gives it as corrected; before it the substitutes for times without a reading.
  ///
  /// - Parameter from: substitutes before it are passed over: the start of what is asked for.
  public mutating func apply(
    to reading: Reading, from start: Timestamp = .distantPast, _ body: (Reading) throws -> Void
  ) rethrows {
    if isEmpty { return try body(reading) }
    var reading = reading
    while next < substitutes.count, substitutes[next].at < reading.time {
      if substitutes[next].at >= start { try body(made(of: substitutes[next], like: reading)) }
      next += 1
    }
    for range in ranges where range.from <= reading.time && reading.time < range.to {
      reading.quality = .bad
      if !reading.flags.contains(range.flag) { reading.flags.append(range.flag) }
    }
    // All readings of that time, should there be several.
    if let substitute = substitutes.dropFirst(max(0, next - 1)).first(where: { $0.at >= reading.time }),
      substitute.at == reading.time
    {
      reading.value = substitute.value
      reading.quality = .uncertain
      reading.flags = reading.flags.filter { $0 == "adjusted" || $0 == "carry" } + ["corrected"]
      if next < substitutes.count, substitutes[next].at == reading.time { next += 1 }
    }
    try body(reading)
  }

  /// Gives the substitutes in [from, through] that no reading came after.
  ///
  /// - Parameter template: any reading of the series, for its unit and kind.
  public mutating func finish(
    from start: Timestamp = .distantPast, through: Timestamp, like template: Reading,
    _ body: (Reading) throws -> Void
  ) rethrows {
    while next < substitutes.count, substitutes[next].at <= through {
      if substitutes[next].at >= start { try body(made(of: substitutes[next], like: template)) }
      next += 1
    }
  }

  private func made(of substitute: Substitute, like reading: Reading) -> Reading {
    Reading(
      time: substitute.at, due: nil, received: substitute.recordedAt, meterID: meterID, quantity: quantity,
      value: substitute.value, unit: reading.unit, kind: reading.kind, quality: .uncertain, flags: ["corrected"], seq: 0
    )
  }
}
