import Glibc
import Metering
import Settings

/// What commands write.
enum Console {
  static func error(_ text: String) { write(text + "\n", to: 2) }
  static func print(_ text: String) { write(text + "\n", to: 1) }

  static func write(_ text: String, to descriptor: Int32) { write(Array(text.utf8), to: descriptor) }

  /// All of it; a reader that went away ends the command quietly, as `head` expects.
  static func write(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        exit(errno == EPIPE ? 0 : 1)
      }
      rest = rest.dropFirst(count)
    }
  }

  /// Columns of the terminal on standard output; nil in a pipe.
  static var width: Int? {
    guard isatty(1) == 1 else { return nil }
    if let text = getenv("COLUMNS"), let columns = Int(String(cString: text)), columns > 20 { return columns }
    var size = winsize()
    return ioctl(1, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 20 ? Int(size.ws_col) : 80
  }

  /// The settings of a file, or all its errors on standard error and exit code 78.
  static func settings(_ path: String) throws -> Settings {
    do throws(SettingsError) { return try Settings.load(path: path) } catch {
      Console.error("\(error)")
      throw Exit.badConfiguration
    }
  }
}

enum Words {
  /// `1 meter`, `8 meters`
  static func count(_ number: Int, _ one: String, _ many: String? = nil) -> String {
    "\(number) \(number == 1 ? one : many ?? one + "s")"
  }

  /// `512 B`, `3.4 MB`, `12 GB`
  static func octets(_ number: Int64) -> String {
    var (value, unit) = (Double(number), "B")
    for next in ["kB", "MB", "GB", "TB"] where value >= 1000 { (value, unit) = (value / 1000, next) }
    let text = value < 10 && unit != "B" ? String(Double(Int(value * 10)) / 10) : String(Int(value))
    return "\(text) \(unit)"
  }

  /// `8 meters on 2 buses and 1 station`
  static func plant(meters: Int, buses: Int, stations: Int) -> String {
    var sources: [String] = []
    if buses > 0 || stations == 0 { sources.append(count(buses, "bus", "buses")) }
    if stations > 0 { sources.append(count(stations, "station")) }
    return "\(count(meters, "meter")) on \(sources.joined(separator: " and "))"
  }
}
