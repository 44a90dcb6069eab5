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
      var rows = [["QUANTITY", "UNIT", "KIND", "TABLE", "ADDRESS", "TYPE", "ORDER", "SCALE", "SIDE", ""]]
      for point in profile.points {
        let register = point.register
        let hex = String(register.address, radix: 16, uppercase: true)
        rows.append([
          point.quantity, point.unit, point.kind.rawValue, register.table.rawValue,
          "\(register.address) (0x\(hex))", register.type.rawValue, register.order.rawValue, point.scale.description,
          point.side?.rawValue ?? "-", point.quantity == profile.accountingQuantity ? "accounting" : "",
        ])
      }
      Console.print(PlainTable.text(rows))
    }
  }
}

/// Columns as wide as their widest cell.
enum PlainTable {
  static func text(_ rows: [[String]]) -> String {
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
        line += index == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[index] - cell.count + 2)
      }
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}
