/// Reads the main file. What is wrong is reported; the settings are whole only where nothing was.
struct SettingsReader {
  static let maximumBuses = 2_000
  static let maximumStations = 500
  static let maximumMeters = 5_000
  static let maximumForwards = 100

  let file: TableReader

  func read() -> Settings? {
    let site = file.table("site", required: true).flatMap(readSite)
    let archive = readArchive(file.table("archive"))
    let status = readStatus(file.table("status"))
    let buses = file.tables("bus", limit: SettingsReader.maximumBuses).map { BusReader(table: $0).read() }
    checkUnique(buses.map(\.id), kind: "buses")
    checkDevices(buses)
    let stations = readStations()
    let library = ProfileLibrary(
      searchPath: site?.profileSearchPath ?? ProfileLibrary.systemDirectories)
    let meters = readMeters(
      buses: buses, stations: stations, library: library, timeZone: site?.timeZone ?? "UTC")
    let forwards = file.tables("forward", limit: SettingsReader.maximumForwards).map {
      ForwardReader(table: $0).read()
    }
    checkUnique(forwards.map(\.id), kind: "forwards")
    checkPaths(forwards, archive: archive?.path)
    file.finish()
    guard let site, let archive, let status else { return nil }
    return Settings(
      site: site, archive: archive, status: status, buses: buses.compactMap(\.bus),
      stations: stations.compactMap(\.station),
      meters: meters, forwards: forwards.compactMap(\.forward))
  }

  private func readSite(_ table: TableReader) -> Settings.Site? {
    let id = table.identifier("id", required: true)
    var zone = table.string("time_zone", required: true)
    if let name = zone, let problem = TimeZones.problem(with: name.value) {
      table.error(name.position, problem)
      zone = nil
    }
    let directory = Files.directory(of: table.sink.file)
    let named = table.strings("profiles", limit: 16, maximumBytes: 1024)?.map(\.value) ?? ["profiles"]
    table.finish()
    let path = named.map { Files.resolve($0, in: directory) } + ProfileLibrary.systemDirectories
    guard let id, let zone else { return nil }
    return Settings.Site(id: id.value, timeZone: zone.value, profileSearchPath: path)
  }

  private func readArchive(_ table: TableReader?) -> Settings.Archive? {
    let path = table?.path("path")
    let retention = table.flatMap(readRetention)
    let commit = table?.duration("commit_every", in: 100...60_000)
    let key = table?.path("key")
    table?.finish()
    let directory = path?.value ?? "/var/lib/meterd/archive"
    return Settings.Archive(
      path: directory, retention: retention ?? SettingsReader.retention("5y", SettingsReader.fiveYears),
      commitEveryMilliseconds: commit?.value ?? 1_000,
      keyPath: key?.value ?? Files.resolve("signing-key.pem", in: directory))
  }

  private static let fiveYears = 5 * 366 * DurationText.millisecondsPerDay

  private func readRetention(_ table: TableReader) -> Settings.Retention? {
    guard let duration = table.duration("retention", in: 0...Int64.max),
      let text = table.string("retention")
    else { return nil }
    guard text.value.hasSuffix("d") || text.value.hasSuffix("y") else {
      table.error(
        text.position, "'retention' is \(Wording.quoted(text.value)); it must be in days or years, such as \"5y\"")
      return nil
    }
    guard duration.value >= SettingsReader.fiveYears else {
      table.error(
        text.position,
        "'retention' is \(Wording.quoted(text.value)); raw data are kept for five years at least: \"5y\" or \"1830d\"")
      return nil
    }
    guard duration.value <= 20 * SettingsReader.fiveYears else {
      table.error(text.position, "'retention' is \(Wording.quoted(text.value)); at most \"100y\" is possible")
      return nil
    }
    return SettingsReader.retention(text.value, duration.value)
  }

  private static func retention(_ text: String, _ milliseconds: Int64) -> Settings.Retention {
    Settings.Retention(text: text, days: Int(milliseconds / DurationText.millisecondsPerDay))
  }

  private func readStatus(_ table: TableReader?) -> Settings.Status? {
    let socket = table?.path("socket")
    table?.finish()
    if let socket, socket.value.utf8.count > 103 {
      table?.error(
        socket.position,
        "'socket' is \(socket.value.utf8.count) bytes long with the file's directory; a Unix socket has at most 103")
    }
    return Settings.Status(socket: socket?.value ?? "/run/meterd/status.sock")
  }

  /// Ids are unique over all things of a kind.
  func checkUnique(_ ids: [Located<String>?], kind: String) {
    var lines: [String: Int] = [:]
    for case let id? in ids {
      if let line = lines[id.value] {
        file.error(id.position, "two \(kind) have the id '\(id.value)'; the other one stands in line \(line)")
      } else {
        lines[id.value] = id.position.line
      }
    }
  }

  /// Two buses on one serial line would talk into each other's requests.
  private func checkDevices(_ buses: [BusReader.Outcome]) {
    var owners: [String: String] = [:]
    for outcome in buses {
      guard let device = outcome.device, let id = outcome.id else { continue }
      if let owner = owners[device.value] {
        file.error(device.position, "the device '\(device.value)' belongs to the bus '\(owner)' already")
      } else {
        owners[device.value] = id.value
      }
    }
  }

  private func checkPaths(_ forwards: [ForwardReader.Outcome], archive: String?) {
    var owners: [String: String] = [:]
    for outcome in forwards {
      guard let path = outcome.path, let id = outcome.id else { continue }
      if let owner = owners[path.value] {
        file.error(path.position, "the forward '\(owner)' writes to '\(path.value)' already")
      } else {
        owners[path.value] = id.value
      }
      if let archive, path.value == archive || path.value.hasPrefix(archive.hasSuffix("/") ? archive : archive + "/") {
        file.error(path.position, "'\(path.value)' lies in the archive; spool files need a place of their own")
      }
    }
  }
}
