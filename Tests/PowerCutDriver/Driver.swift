import Glibc

/// What the recorder takes for a mark, and the test for an answer: a line on standard output, written at once.
enum Output {
  static func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = write(STDOUT_FILENO, bytes, bytes.count)
  }

  /// Something that must not be after a power cut.
  static func problem(_ text: String) { say("problem \(text)") }
}

/// `name=value` after the first two arguments.
struct Arguments {
  let command: String
  let path: String
  private let values: [String: String]

  init?(_ arguments: [String]) {
    guard arguments.count >= 3 else { return nil }
    (command, path) = (arguments[1], arguments[2])
    var values: [String: String] = [:]
    for argument in arguments.dropFirst(3) {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      values[String(parts[0])] = parts.count == 2 ? String(parts[1]) : ""
    }
    self.values = values
  }

  /// 0 where it is not given.
  func number(_ name: String) -> UInt64 { values[name].flatMap { UInt64($0) } ?? 0 }
  func text(_ name: String) -> String { values[name] ?? "" }
}

@main struct Driver {
  static func main() async {
    guard let arguments = Arguments(CommandLine.arguments) else {
      Output.say("usage: powercut-driver run|resume|plain-run|plain-check PATH [name=value …]")
      exit(64)
    }
    do {
      switch arguments.command {
      case "run": try await ArchiveRun.run(arguments)
      case "resume": try await ArchiveRun.resume(arguments)
      case "plain-run": try PlainFile.run(arguments)
      case "plain-check": try PlainFile.check(arguments)
      default: throw DriverError("no command '\(arguments.command)'")
      }
    } catch {
      Output.problem("\(error)")
      exit(1)
    }
  }
}

struct DriverError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
