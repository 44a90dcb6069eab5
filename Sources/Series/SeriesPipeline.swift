import Accounting
import Archive
import Metering

/// Counts what is fed into the pipelines of one walk.
final class Ordinals {
  private var count = 0

  func next() -> Int {
    defer { count += 1 }
    return count
  }
}

/// The readings of one series on their way to who asked: corrected, and judged where it is a counter.
///
/// Feed it in the order of time. A judge holds some back; each comes out once, in the same order, with the definition that it
/// was fed with.
final class SeriesPipeline {
  let context: SeriesContext
  let quantity: String
  /// None where raw data are asked for.
  private(set) var corrections: SeriesCorrections?
  /// Of counters, from the first reading on.
  var judge: CounterJudge?
  /// By which the last usable reading was made.
  private(set) var rule: PointRule?
  private let serialChanges: [SerialChange]
  private let ordinals: Ordinals
  /// Substitutes before it are not made: the start of what is fed.
  private let start: Timestamp
  private var waiting: [Waiting] = []
  private var taken = 0
  private var lastGood: Reading?
  /// Of the last usable reading.
  private var lastDefinition = ""
  private var template: Reading?

  struct Waiting {
    var definition: String
    /// Its place among all that were fed.
    var ordinal: Int
    var time: Timestamp
  }

  struct Output {
    var judged: JudgedReading
    var definition: String
    var ordinal: Int
  }

  init(
    _ context: SeriesContext, _ quantity: String, corrections: SeriesCorrections?, serialChanges: [SerialChange],
    start: Timestamp, ordinals: Ordinals
  ) {
    self.ordinals = ordinals
    self.context = context
    self.quantity = quantity
    self.corrections = corrections
    self.serialChanges = serialChanges
    self.start = start
  }

  func feed(_ reading: Reading, _ definition: String, _ body: (Output) throws -> Void) throws {
    if template == nil { template = reading }
    guard corrections != nil else { return try pass(reading, definition, ordinals.next(), body) }
    try corrections?.apply(to: reading, from: start) { corrected in
      try pass(corrected, definition, ordinals.next(), body)
    }
  }

  /// Gives the substitutes up to a time that no reading came after.
  func feedSubstitutes(through: Timestamp, _ body: (Output) throws -> Void) throws {
    guard corrections != nil, let template else { return }
    let definition = context.reader.definitionsInForce(of: context.meterID).last { $0.since <= through }?.sha256 ?? ""
    try corrections?.finish(from: start, through: through, like: template) { made in
      try pass(made, definition, ordinals.next(), body)
    }
  }

  /// Gives what is held back.
  func finish(_ body: (Output) throws -> Void) throws {
    try judge?.finish { try give($0, body) }
  }

  /// Whether everything of before a time has come out.
  func isDecided(before time: Timestamp) -> Bool { taken == waiting.count || waiting[taken].time >= time }

  /// Whether the reading would be judged by another rule than the last usable one.
  func isOther(_ rule: PointRule) -> Bool { self.rule.map { $0 != rule } ?? true }

  private func pass(_ reading: Reading, _ definition: String, _ ordinal: Int, _ body: (Output) throws -> Void) throws {
    guard reading.kind == .counter else {
      return try body(
        Output(judged: JudgedReading(reading: reading, point: nil), definition: definition, ordinal: ordinal))
    }
    if reading.quality != .bad, definition != lastDefinition {
      lastDefinition = definition
      if let new = context.rule(quantity, by: definition), isOther(new) { try change(to: new, definition, body) }
    }
    if judge == nil {
      // A series that begins with failures has no rule yet; they need none.
      return try body(
        Output(judged: JudgedReading(reading: reading, point: nil), definition: definition, ordinal: ordinal))
    }
    if taken > 64 {
      waiting.removeFirst(taken)
      taken = 0
    }
    waiting.append(Waiting(definition: definition, ordinal: ordinal, time: reading.time))
    try judge?.judge(reading) { try give($0, body) }
  }

  private func change(to new: PointRule, _ definition: String, _ body: (Output) throws -> Void) throws {
    rule = new
    guard judge != nil else {
      judge = CounterJudge(
        new.counter, quantity: quantity, exchanges: context.notes.exchanges(of: context.meterID),
        serialChanges: serialChanges)
      return
    }
    try finish(body)
    judge?.redefine(new.counter, base: try lastGood.flatMap { try context.value(of: $0, by: definition) })
  }

  private func give(_ judged: JudgedReading, _ body: (Output) throws -> Void) throws {
    let next = waiting[taken]
    taken += 1
    if judged.point != nil { lastGood = judged.reading }
    try body(Output(judged: judged, definition: next.definition, ordinal: next.ordinal))
  }
}
