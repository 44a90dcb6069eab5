import NIOCore
import Synchronization

/// All open connections of the server, at most `maximum`. A newcomer is always let in; when the table is full, the
/// connection that has been of least use goes: first those that owe a request, oldest first, then those that are slow
/// to read their answer. So clients that connect and say nothing cannot lock out one that asks.
final class ConnectionTable: Sendable {
  typealias Ticket = UInt64

  private struct Entry {
    var channel: any Channel
    var isAnswering = false
    /// When the entry changed last, on the table's own count.
    var order: UInt64
  }

  private struct State {
    var entries: [Ticket: Entry] = [:]
    var next: UInt64 = 0
  }

  private let maximum: Int
  private let state = Mutex(State())

  init(maximum: Int) { self.maximum = maximum }

  var count: Int { state.withLock { $0.entries.count } }

  /// Enters a connection and closes the one that has to go for it, if any.
  func admit(_ channel: any Channel) -> Ticket {
    let (ticket, evicted): (Ticket, (any Channel)?) = state.withLock { state in
      var evicted: (any Channel)?
      if state.entries.count >= maximum,
        let victim = state.entries.min(by: {
          ($0.value.isAnswering ? 1 : 0, $0.value.order) < ($1.value.isAnswering ? 1 : 0, $1.value.order)
        })
      {
        state.entries[victim.key] = nil
        evicted = victim.value.channel
      }
      state.next += 1
      state.entries[state.next] = Entry(channel: channel, order: state.next)
      return (state.next, evicted)
    }
    evicted?.close(promise: nil)
    return ticket
  }

  func update(_ ticket: Ticket, isAnswering: Bool) {
    state.withLock { state in
      guard state.entries[ticket] != nil else { return }
      state.next += 1
      state.entries[ticket]?.isAnswering = isAnswering
      state.entries[ticket]?.order = state.next
    }
  }

  func leave(_ ticket: Ticket) {
    state.withLock { $0.entries[ticket] = nil }
  }
}
