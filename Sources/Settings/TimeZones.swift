import Metering

/// The zones that the system knows.
enum TimeZones {
  private static let directory = "/usr/share/zoneinfo"

  /// Why there is no such zone; nil where it can be read.
  static func problem(with name: String) -> String? {
    do throws(ZoneError) {
      _ = try Zone(named: name, directory: directory)
      return nil
    } catch {
      switch error {
      case .badName, .absent, .notAFile:
        return
          "unknown time zone \(Wording.quoted(name)); it must be an IANA name such as \"Asia/Shanghai\" with a file"
          + " in \(directory)\(suggestion(for: name))"
      case .unreadable, .tooLarge, .malformed: return error.description
      }
    }
  }

  /// The nearest name of the same region.
  private static func suggestion(for name: String) -> String {
    let region = Files.directory(of: name)
    guard !region.hasPrefix("/"), !region.hasPrefix(".") else { return "" }
    let names = Files.names(in: "\(directory)/\(region)", suffix: "")
    return Wording.suggestion(for: name, among: names.map { region.isEmpty ? $0 : "\(region)/\($0)" })
  }
}
