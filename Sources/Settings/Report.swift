/// Collects the problems of one run.
final class Report {
  /// More than anyone reads; it bounds what a file of nonsense can make us hold and print.
  static let maximumProblems = 1_000

  private let mainFile: String
  private var problems: Set<SettingsError.Problem> = []
  private var hidden = 0

  init(mainFile: String) { self.mainFile = mainFile }

  func add(_ problem: SettingsError.Problem) {
    if problems.count < Report.maximumProblems {
      problems.insert(problem)
    } else if !problems.contains(problem) {
      hidden += 1
    }
  }

  func add(_ error: SettingsError) {
    for problem in error.problems { add(problem) }
  }

  var isFull: Bool { problems.count >= Report.maximumProblems }

  /// Nil where nothing is wrong.
  var error: SettingsError? {
    guard !problems.isEmpty else { return nil }
    var sorted = problems.sorted { a, b in
      if a.file != b.file { return a.file == mainFile || (b.file != mainFile && a.file < b.file) }
      return (a.line, a.column, a.message) < (b.line, b.column, b.message)
    }
    if hidden > 0, let last = sorted.last {
      sorted.append(
        SettingsError.Problem(
          file: last.file, line: last.line, column: last.column,
          message: "\(hidden) more errors are not shown; mend those above and check again"))
    }
    return SettingsError(problems: sorted)
  }
}

/// Where the problems of one file go.
struct Sink {
  let file: String
  let report: Report

  func error(_ position: Position, _ message: String) {
    report.add(
      SettingsError.Problem(file: file, line: position.line, column: position.column, message: message))
  }

  /// For names of which there can be thousands: nothing once the report is full, which nobody would see.
  func suggestion(for name: String, among names: some Sequence<String>) -> String {
    report.isFull ? "" : Wording.suggestion(for: name, among: names)
  }
}
