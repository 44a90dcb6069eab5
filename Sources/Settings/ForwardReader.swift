/// Reads `[[forward]]`.
struct ForwardReader {
  /// What later checks need, also of a forward that is not sound.
  struct Outcome {
    var id: Located<String>?
    var path: Located<String>?
    var forward: Settings.Forward?
  }

  private enum Delivery: String, CaseIterable { case directory }
  private enum Layout: String, CaseIterable { case csv }
  private enum Content: String, CaseIterable { case readings }

  let table: TableReader

  func read() -> Outcome {
    var outcome = Outcome(id: table.identifier("id", required: true))
    let type = table.choice("type", of: Delivery.self, notYet: ["sftp", "http"], required: true)
    let remoteKeys = ["address", "user", "key", "known_hosts", "remote_path"]
    if type == nil {
      // What they should be depends on the type.
      for key in remoteKeys + ["path"] { _ = table.has(key) }
    } else {
      outcome.path = table.path("path", required: true)
      table.misplaced(remoteKeys, because: "a forward of type directory has a 'path'")
    }
    let period = table.divisorOfDay("period", from: 1_000)
    let grace = table.duration("grace", in: 0...DurationText.millisecondsPerDay)
    _ = table.choice("layout", of: Layout.self, notYet: ["panel", "site-day", "ndjson"])
    _ = table.choice("content", of: Content.self, notYet: ["totals"])
    let compression = table.choice("compress", of: Settings.Compression.self, notYet: ["zstd"])
    table.finish()
    if let id = outcome.id, let path = outcome.path {
      outcome.forward = Settings.Forward(
        id: id.value, path: path.value, periodMilliseconds: period?.value ?? 900_000,
        graceMilliseconds: grace?.value ?? 60_000, compression: compression?.value ?? .none,
        line: Settings.SourceLine(number: table.position.line))
    }
    return outcome
  }
}
