import ArgumentParser
import Metering
import Settings

struct Profiles: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The meter models that are known.",
    discussion: "Examples:\n  meterd profiles list\n  meterd profiles show eastron-sdm630",
    subcommands: [List.self, Show.self], defaultSubcommand: List.self)

  struct SearchPath: ParsableArguments {
    @Option(help: "A directory to look in first; may be given several times.") var directory: [String] = []

    var library: ProfileLibrary { ProfileLibrary(searchPath: directory + ProfileLibrary.systemDirectories) }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "A row a model.")
    @OptionGroup var searchPath: SearchPath

    func run() throws {
      let listings = searchPath.library.list()
      if listings.isEmpty {
        let places = searchPath.library.searchPath.joined(separator: ", ")
        Console.error("no profiles in \(places); name a directory with --directory")
        throw Exit.failure
      }
      var rows = [["PROFILE", "MANUFACTURER", "MODEL", "ENERGY", "POINTS", "EVIDENCE"]]
      var broken: [String] = []
      for listing in listings {
        switch listing.result {
        case .success(let p):
          rows.append([p.name, p.manufacturer, p.model, p.energy, "\(p.points.count)", p.evidence.rawValue])
        case .failure(let error): broken.append("\(error)")
        }
      }
      Console.print(PlainTable.text(rows))
      for text in broken { Console.error(text) }
      if !broken.isEmpty { throw Exit.failure }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The points of one model and where they were found.")
    @Argument(help: "The profile's name.") var name: String
    @OptionGroup var searchPath: SearchPath

    func run() throws {
      let profile: Profile
      do throws(SettingsError) { profile = try searchPath.library.load(name: name) } catch {
        Console.error("\(error)")
        throw Exit.failure
      }
      Console.print(
        """
        \(profile.name): \(profile.manufacturer) \(profile.model) (\(profile.energy))
        evidence: \(profile.evidence.rawValue), read \(profile.sourceDate)
        source: \(profile.source)
        at most \(profile.maxRegisters) registers a request\(profile.notes.map { "\nnotes: \($0)" } ?? "")
        """)
      for line in Show.particulars(profile) { Console.print(line) }
      Console.print("")
      var rows = [["QUANTITY", "UNIT", "KIND", "TABLE", "ADDRESS", "TYPE", "ORDER", "SCALE", "SIDE", ""]]
      for point in profile.points {
        let register = point.register
        let hex = String(register.address, radix: 16, uppercase: true)
        rows.append([
          point.quantity, point.unit, point.kind.rawValue, register.table.rawValue,
          "\(register.address) (0x\(hex))", register.type.rawValue, register.order.rawValue, point.scale.description,
          point.side?.rawValue ?? "-",
          ((point.quantity == profile.accountingQuantity ? ["accounting"] : []) + Show.remarks(point))
            .joined(separator: ", "),
        ])
      }
      Console.print(PlainTable.text(rows))
    }

    private static func hex(_ number: some BinaryInteger) -> String {
      "0x" + String(number, radix: 16, uppercase: true)
    }

    /// What holds of the model as a whole.
    private static func particulars(_ profile: Profile) -> [String] {
      var lines: [String] = []
      if let circuits = profile.circuits, let stride = profile.stride {
        lines.append("\(circuits) circuits, \(stride) registers apart; the table shows circuit 1")
      }
      for range in profile.forbidden {
        lines.append(
          "never touched: \(range.table.rawValue) \(hex(range.addresses.lowerBound))…\(hex(range.addresses.upperBound))"
        )
      }
      var signs: [(place: String, values: [String])] = []
      for sign in profile.identify {
        switch sign {
        case .register(let register, let value):
          let place = "\(register.table.rawValue) \(hex(register.address)) (\(register.type.rawValue)) holds"
          if signs.last?.place == place {
            signs[signs.count - 1].values.append("\(value)")
          } else {
            signs.append((place, ["\(value)"]))
          }
        case .device(let vendor, let product):
          signs.append(("it says", ["'\(vendor)'"] + (product.map { ["'\($0)…'"] } ?? [])))
        }
      }
      lines += signs.map { "recognised by: \($0.place) \($0.values.joined(separator: ", "))" }
      return lines
    }

    private static func remarks(_ point: Definition.Point) -> [String] {
      var remarks: [String] = []
      if let bits = point.bits { remarks.append("bits \(bits.lowest)…\(bits.highest)") }
      if let offset = point.offset { remarks.append("offset \(offset)") }
      for factor in point.factors ?? [] {
        remarks.append(
          (factor.isExponent ? "× 10^" : "× ") + "\(hex(factor.register.address))"
            + (factor.scale == .one ? "" : " × \(factor.scale)"))
      }
      if let pulse = point.perPulse { remarks.append("\(pulse) \(point.pulseUnit ?? "") a pulse") }
      if point.unit == "pulse", point.perPulse == nil { remarks.append("the meter says what a pulse is worth") }
      if let modulus = point.modulus { remarks.append("wraps at \(modulus)") }
      if let invalid = point.invalid, !invalid.isEmpty {
        remarks.append("invalid: " + invalid.map { hex($0) }.joined(separator: " "))
      }
      return remarks
    }
  }
}

/// Columns as wide as their widest cell.
enum PlainTable {
  /// - Parameter rightAligned: columns of numbers.
  static func text(_ rows: [[String]], rightAligned: Set<Int> = []) -> String {
    var widths: [Int] = []
    for row in rows {
      for (index, cell) in row.enumerated() {
        if index == widths.count { widths.append(0) }
        widths[index] = max(widths[index], cell.count)
      }
    }
    return rows.map { row in
      var line = ""
      for (index, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[index] - cell.count)
        line += (rightAligned.contains(index) ? padding + cell : cell + padding) + "  "
      }
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}
