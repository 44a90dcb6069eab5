import Commissioning
import Glibc
import Metering
import Modbus
import Settings
import StatusAPI

/// What `meterd scan` writes: progress to standard error, the result to standard output.
struct ScanPrinter {
  private let bus: Settings.Bus
  private let settings: Settings
  private let config: String
  private let isTerminal = isatty(2) == 1
  private let started = SystemClock().monotonicNanoseconds()
  private let wasCompared: Bool
  private var round = ""
  private var found = 0
  private var lastShown: UInt64 = 0

  /// - Parameter wasCompared: with known models.
  init(bus: Settings.Bus, settings: Settings, config: String, wasCompared: Bool) {
    self.bus = bus
    self.settings = settings
    self.config = config
    self.wasCompared = wasCompared
  }

  private var meters: [Settings.Meter] { settings.meters.filter { $0.definition.bus == bus.id } }

  // MARK: - While it runs

  mutating func show(_ event: ScanEvent) {
    switch event {
    case .round(let format, let number, let count):
      let words = format.map { " \($0)" } ?? ""
      round = count > 1 ? "\(words) (\(number) of \(count))" : words
    case .asking(let unitID, let number, let count):
      bar(number, of: count, "unit \(unitID)\(round), \(found) found")
    case .found(let unit):
      found += 1
      line("unit \(unit.unitID) answers\(unit.format.map { " at \($0)" } ?? "")")
    case .recognising(let unitID, let number, let count):
      bar(number, of: count, "what is unit \(unitID)?")
    case .note(let text): line("note: \(text)")
    }
  }

  func finish() { if isTerminal { Console.write("\r\u{1B}[K", to: 2) } }

  private func line(_ text: String) { Console.write((isTerminal ? "\r\u{1B}[K" : "") + text + "\n", to: 2) }

  /// Ten times a second at most.
  private mutating func bar(_ number: Int, of count: Int, _ text: String) {
    let now = SystemClock().monotonicNanoseconds()
    guard isTerminal, number == count || now - lastShown > 100_000_000 else { return }
    lastShown = now
    let filled = 24 * number / max(1, count)
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 24 - filled)
    Console.write("\r\u{1B}[K[\(bar)] \("\(text), \((now - started) / 1_000_000_000) s".prefix(52))", to: 2)
  }

  // MARK: - The result

  func printReport(_ report: ScanReport, asked: [UInt8]) {
    let complete = report.isComplete ? "" : " (stopped before the end)"
    Console.print(
      "\(bus.id), \(bus.words.type) \(bus.words.address): "
        + "\(Words.count(report.units.count, "unit")) of \(asked.count) asked answered\(complete)")
    if report.units.isEmpty { return Console.print(nobody(report)) }
    Console.print("\n" + table(report.units))
    for unit in report.units where !unit.guesses.isEmpty { Console.print(reasons(unit)) }
    for note in report.notes { Console.print("note: \(note)") }
    for text in differences(report, asked: asked) { Console.print("note: \(text)") }
    let new = report.units.filter { unit in !meters.contains { $0.definition.unitID == unit.unitID } }
    guard !new.isEmpty else { return }
    Console.print("\nNot in \(config) yet:\n")
    var taken = Set(settings.meters.map(\.id))
    for unit in new {
      let text = Proposal.meter(
        unit, busID: bus.id, format: bus.modbus.format, takenIDs: taken, wasCompared: wasCompared && report.isComplete)
      taken.insert(Proposal.identifier(busID: bus.id, unit.unitID, taken))
      Console.print(text + "\n")
    }
    Console.print("Then: meterd check \(config), and meterd read METER for each of them beside its display.")
  }

  private func nobody(_ report: ScanReport) -> String {
    guard report.isComplete else { return "Nobody answered until then." }
    switch bus.transport {
    case .tcp: return "Nobody answered. Is it the right address, and is the converter's line well? See docs/WIRING.md"
    case .rtu, .rtuOverTCP:
      return "Nobody answered. Power? A and B swapped? Baud and parity (--sweep on type rtu)? Termination? "
        + "See docs/WIRING.md"
    }
  }

  private func table(_ units: [FoundUnit]) -> String {
    var rows = [["UNIT", "FORMAT", "AFTER", "MODEL", "BASIS", "CONFIGURED AS", "SAYS"]]
    for unit in units {
      let own = meters.filter { $0.definition.unitID == unit.unitID }.map(\.id)
      let names = own.isEmpty ? "-" : own.prefix(2).joined(separator: ",") + (own.count > 2 ? ",…" : "")
      let basis = unit.guesses.first.map { $0.basis == .plausible ? "guess" : "recognised" } ?? "-"
      rows.append([
        "\(unit.unitID)", unit.format.map { "\($0)" } ?? "-", Dialogue.milliseconds(unit.latencyNanoseconds),
        unit.guesses.first?.profile ?? "-", basis, names, says(unit),
      ])
    }
    return PlainTable.text(rows, rightAligned: [0, 2])
  }

  private func says(_ unit: FoundUnit) -> String {
    if let identity = unit.identity { return identity }
    if let other = unit.answersAs { return "answers as unit \(other)" }
    return unit.exception.map { "exception \($0)" } ?? "-"
  }

  /// `unit 7 may be eastron-sdm630 (0.93: frequency 49.98 Hz, voltage_l1 231.2 V), …`
  private func reasons(_ unit: FoundUnit) -> String {
    let names = unit.guesses.map { guess in
      "\n    \(guess.profile), \(PollingPlan.decimal(guess.score, digits: 2)): "
        + guess.evidence.joined(separator: ", ")
    }
    let more = unit.furtherGuesses > 0 ? "\n    and \(unit.furtherGuesses) more that fit as well" : ""
    let isGuess = unit.guesses.first?.basis == .plausible
    return "  unit \(unit.unitID) \(isGuess ? "may be (a guess)" : "is")" + names.joined() + more
  }

  private func silent(_ report: ScanReport, asked: [UInt8]) -> [Settings.Meter] {
    guard report.isComplete, !report.isOneDevice else { return [] }
    return meters.filter { meter in
      let unitID = meter.definition.unitID
      return asked.contains(unitID) && !report.units.contains { $0.unitID == unitID }
    }
  }

  private func differences(_ report: ScanReport, asked: [UInt8]) -> [String] {
    let silent = silent(report, asked: asked).map { meter in
      "\(meter.id) (unit \(meter.definition.unitID)) is in \(config), but nobody answers there"
    }
    let others = report.units.flatMap { unit in
      meters.filter { $0.definition.unitID == unit.unitID }.compactMap { meter -> String? in
        guard let profile = meter.definition.profile, let best = unit.guesses.first,
          !unit.guesses.contains(where: { $0.profile == profile }),
          best.basis != .plausible || unit.furtherGuesses == 0
        else { return nil }
        return "\(meter.id) (unit \(unit.unitID)) has profile \(profile), but it reads like \(best.profile)"
      }
    }
    return silent + others
  }

  // MARK: - For machines

  func printJSON(_ report: ScanReport, asked: [UInt8]) throws {
    let result = ScanJSON(
      bus: bus.id, complete: report.isComplete, failure: report.failure, notes: report.notes,
      silentMeters: silent(report, asked: asked).map(\.id),
      units: report.units.map { unit in
        ScanJSON.Unit(
          unit: Int(unit.unitID), format: unit.format?.description,
          latencySeconds: Double(unit.latencyNanoseconds) / 1e9, exception: unit.exception.map(Int.init),
          answersAs: unit.answersAs.map(Int.init),
          identification: Dictionary(uniqueKeysWithValues: unit.identification.map { ("\($0.key)", $0.value) }),
          guesses: unit.guesses.map {
            ScanJSON.Guess(profile: $0.profile, basis: $0.basis.rawValue, score: $0.score, evidence: $0.evidence)
          }, furtherGuesses: unit.furtherGuesses,
          meters: meters.filter { $0.definition.unitID == unit.unitID }.map(\.id))
      })
    Console.write(try StatusJSON.encode(result), to: 1)
  }
}

/// `meterd scan --json`; docs/WIRING.md describes it.
private struct ScanJSON: Codable {
  struct Unit: Codable {
    var unit: Int
    @OrNull var format: String?
    var latencySeconds: Double
    @OrNull var exception: Int?
    @OrNull var answersAs: Int?
    /// By object id of function 43.
    var identification: [String: String]
    var guesses: [Guess]
    var furtherGuesses: Int
    var meters: [String]

    enum CodingKeys: String, CodingKey {
      case unit, format
      case latencySeconds = "latency_seconds"
      case exception
      case answersAs = "answers_as"
      case identification, guesses
      case furtherGuesses = "further_guesses"
      case meters
    }
  }

  struct Guess: Codable {
    var profile: String
    var basis: String
    var score: Double
    var evidence: [String]
  }

  var bus: String
  var complete: Bool
  @OrNull var failure: String?
  var notes: [String]
  var silentMeters: [String]
  var units: [Unit]

  enum CodingKeys: String, CodingKey {
    case bus, complete, failure, notes
    case silentMeters = "silent_meters"
    case units
  }
}
