import Metering

/// The meter models in a list of directories; where two have the same name, the earlier directory wins.
public struct ProfileLibrary: Sendable {
  /// Searched after what the settings name.
  public static let systemDirectories = ["/etc/meterd/profiles", "/usr/share/meterd/profiles"]

  public let searchPath: [String]

  public init(searchPath: [String] = ProfileLibrary.systemDirectories) { self.searchPath = searchPath }

  /// One file of the library, sound or broken.
  public struct Listing: Sendable {
    public var name: String
    public var path: String
    public var result: Result<Profile, SettingsError>
  }

  /// Every profile that can be found, by name.
  public func list() -> [Listing] {
    var paths: [String: String] = [:]
    for directory in searchPath {
      for name in Files.names(in: directory, suffix: ".toml") where paths[name] == nil {
        paths[name] = Files.resolve(name + ".toml", in: directory)
      }
    }
    return paths.sorted { $0.key < $1.key }.map { name, path in
      Listing(name: name, path: path, result: Result { () throws(SettingsError) in try read(name: name, path: path) })
    }
  }

  /// Reads one profile.
  ///
  /// - Throws: all that is wrong with its file, or that there is none (the file of that problem is `NAME.toml`).
  public func load(name: String) throws(SettingsError) -> Profile {
    guard let path = path(of: name) else {
      let problem = SettingsError.Problem(file: "\(name).toml", line: 1, column: 1, message: absence(of: name))
      throw SettingsError(problems: [problem])
    }
    return try read(name: name, path: path)
  }

  /// Nil where no directory has it, or where it is no name at all (`../x`).
  func path(of name: String) -> String? {
    guard Identifier.isValid(name) else { return nil }
    return searchPath.lazy.map { Files.resolve(name + ".toml", in: $0) }.first { Files.exists($0) }
  }

  func absence(of name: String) -> String {
    let names = searchPath.flatMap { Files.names(in: $0, suffix: ".toml") }
    return "no profile \(Wording.quoted(name)) in \(searchPath.joined(separator: ", "))"
      + Wording.suggestion(for: name, among: names)
  }

  func read(name: String, path: String) throws(SettingsError) -> Profile {
    let report = Report(mainFile: path)
    let sink = Sink(file: path, report: report)
    var profile: Profile?
    do throws(Files.Failure) {
      let bytes = try Files.read(path, maximumBytes: Files.maximumProfileBytes)
      if Identifier.isValid(name) {
        profile = ProfileReader(name: name, sink: sink).read(bytes)
      } else {
        sink.error(.start, "the file's name without .toml must be \(Identifier.rule)")
      }
    } catch {
      sink.error(.start, error.message)
    }
    if let error = report.error { throw error }
    guard let profile else {
      let problem = SettingsError.Problem(file: path, line: 1, column: 1, message: "the profile could not be read")
      throw SettingsError(problems: [problem])
    }
    return profile
  }
}
