import Glibc
import Logging
import Metering

/// One line a message on standard error: with the priority that journald reads (sd-daemon(3)) where it listens, else with
/// the time.
struct JournalLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .info
  private let label: String
  private let isJournal = getenv("JOURNAL_STREAM") != nil

  init(label: String) { self.label = label }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var text = event.message.description
    for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted(by: { $0.key < $1.key }
    ) {
      text += " \(key)=\(value)"
    }
    let line = text.replacing("\n", with: " ")
    let prefix = isJournal ? "<\(priority(event.level))>" : "\(SystemClock().now()) \(event.level) "
    Console.write("\(prefix)\(line)\n", to: 2)
  }

  private func priority(_ level: Logger.Level) -> Int {
    switch level {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }
}
