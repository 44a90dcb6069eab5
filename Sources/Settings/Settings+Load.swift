extension Settings {
  /// Reads a settings file and every profile it names.
  ///
  /// Profiles are searched in the directories of `site.profiles`, then in `ProfileLibrary.systemDirectories`.
  ///
  /// - Throws: all problems of all files; a syntax error comes alone, because the parser stops at the first.
  public static func load(path: String) throws(SettingsError) -> Settings {
    let bytes: [UInt8]
    do throws(Files.Failure) {
      bytes = try Files.read(path, maximumBytes: Files.maximumSettingsBytes)
    } catch {
      let problem = SettingsError.Problem(file: path, line: 1, column: 1, message: error.message)
      throw SettingsError(problems: [problem])
    }
    return try parse(bytes, file: path)
  }

  /// The same for the content of a file that is in memory.
  ///
  /// - Parameter file: its path for error texts; relative paths are resolved against its directory.
  public static func parse(_ bytes: [UInt8], file: String) throws(SettingsError) -> Settings {
    let report = Report(mainFile: file)
    let sink = Sink(file: file, report: report)
    var settings: Settings?
    do throws(TOMLSyntaxError) {
      let root = try TOML.parse(bytes)
      if case .table(let entries) = root.value {
        settings = SettingsReader(
          file: TableReader(title: "", position: .start, entries: entries, sink: sink)
        ).read()
      }
    } catch {
      sink.error(error.position, error.message)
    }
    if let error = report.error { throw error }
    guard let settings else {
      let problem = SettingsError.Problem(file: file, line: 1, column: 1, message: "the file could not be read")
      throw SettingsError(problems: [problem])
    }
    return settings
  }
}
