import Glibc
import Synchronization

/// A bar on standard error for long work; nothing where that is no terminal.
final class ProgressBar: Sendable {
  private static let width = 40
  private let what: String
  private let shown = Mutex(-1)

  init(_ what: String) { self.what = what }

  /// - Parameter share: 0 to 1; from any thread.
  func show(_ share: Double) {
    guard isatty(2) == 1 else { return }
    let percent = Int(min(max(share, 0), 1) * 100)
    shown.withLock { shown in
      if percent == shown { return }
      shown = percent
      let filled = percent * ProgressBar.width / 100
      let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: ProgressBar.width - filled)
      Console.write("\r\(what) \(bar) \(percent) %", to: 2)
    }
  }

  /// Wipes the line: the result comes now.
  func end() {
    shown.withLock { shown in
      if shown >= 0 { Console.write("\r\u{1B}[K", to: 2) }
      shown = -1
    }
  }
}
