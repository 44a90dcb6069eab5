import Metering

/// The zones that the system knows.
enum TimeZones {
  private static let directory = "/usr/share/zoneinfo"

  /// What the time zone of a station may be.
  static let stationRule = "\"UTC\", an offset such as \"+08:00\", or an IANA name such as \"Asia/Shanghai\""

  /// Why a station cannot have it; nil where it can.
  static func problem(withStation name: String) -> String? {
    if name == "UTC" || isOffset(name) { return nil }
    guard name.hasPrefix("+") || name.hasPrefix("-") else { return problem(with: name, rule: stationRule) }
    return "'time_zone' is \(Wording.quoted(name)); an offset is -14:00 to +14:00, with two digits of hours and minutes"
  }

  private static func isOffset(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count == 6, bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-"),
      bytes[3] == UInt8(ascii: ":")
    else { return false }
    let digits = [bytes[1], bytes[2], bytes[4], bytes[5]].map { Int($0) - Int(UInt8(ascii: "0")) }
    guard digits.allSatisfy((0...9).contains) else { return false }
    let (hours, minutes) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
    return minutes < 60 && hours * 60 + minutes <= 14 * 60
  }

  /// Why there is no such zone; nil where it can be read.
  static func problem(with name: String, rule: String = "an IANA name such as \"Asia/Shanghai\"") -> String? {
    do throws(ZoneError) {
      _ = try Zone(named: name, directory: directory)
      return nil
    } catch {
      switch error {
      case .badName, .absent, .notAFile:
        return
          "unknown time zone \(Wording.quoted(name)); it must be \(rule) with a file in \(directory)\(suggestion(for: name))"
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
