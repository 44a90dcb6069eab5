import IEC104
import NIOCore

/// What a station has to send on the started connection of its group, and what it must not lose.
///
/// Events are kept until they are acknowledged; those that a lost connection leaves unacknowledged are sent again
/// first. Answers end with the connection that asked.
struct OutstationBuffer: Sendable {
  private struct Item {
    let asdu: OutgoingASDU
    let isEvent: Bool
  }

  private let limit: Int
  private var again = CircularBuffer<OutgoingASDU>()
  private var events = CircularBuffer<OutgoingASDU>()
  private var answers = CircularBuffer<OutgoingASDU>()
  private var inFlight = CircularBuffer<Item>()
  /// Events sent one after the other while an interrogation waits.
  private var row = 0

  private(set) var sent: UInt64 = 0
  private(set) var acknowledged: UInt64 = 0
  private(set) var sentAgain: UInt64 = 0
  private(set) var overflow: UInt64 = 0
  private(set) var answersDropped: UInt64 = 0

  /// A client that asks and never acknowledges gets no more than this.
  private static let answerLimit = 256
  /// After so many events a waiting interrogation has its turn: a flood does not starve it.
  private static let eventsInRow = 8

  init(limit: Int) { self.limit = max(1, limit) }

  /// Events that wait.
  var waiting: Int { again.count + events.count }
  /// ASDUs sent and not acknowledged.
  var unacknowledged: Int { inFlight.count }

  /// The oldest goes where there is no room.
  mutating func add(event asdu: OutgoingASDU) {
    if waiting >= limit {
      if again.isEmpty { events.removeFirst() } else { again.removeFirst() }
      overflow += 1
    }
    events.append(asdu)
  }

  mutating func add(answer asdu: OutgoingASDU) {
    guard answers.count < OutstationBuffer.answerLimit else {
      answersDropped += 1
      return
    }
    answers.append(asdu)
  }

  /// Takes what is to be sent next, which is then in flight.
  ///
  /// - Parameter isInterrogated: an interrogation is being answered: nil where it is its turn.
  mutating func next(isInterrogated: Bool) -> OutgoingASDU? {
    if let asdu = again.popFirst() {
      sentAgain += 1
      return take(Item(asdu: asdu, isEvent: true))
    }
    if let asdu = answers.popFirst() { return take(Item(asdu: asdu, isEvent: false)) }
    if isInterrogated, row >= OutstationBuffer.eventsInRow { return nil }
    guard let asdu = events.popFirst() else { return nil }
    row += 1
    return take(Item(asdu: asdu, isEvent: true))
  }

  /// The next answer of an interrogation goes out.
  mutating func takeTurn(_ asdu: OutgoingASDU) -> OutgoingASDU {
    row = 0
    return take(Item(asdu: asdu, isEvent: false))
  }

  private mutating func take(_ item: Item) -> OutgoingASDU {
    inFlight.append(item)
    sent += 1
    return item.asdu
  }

  mutating func acknowledge(_ count: Int) {
    let count = min(count, inFlight.count)
    inFlight.removeFirst(count)
    acknowledged += UInt64(count)
  }

  /// The connection is lost, or another has taken over.
  mutating func endTransfer() {
    for item in inFlight.reversed() where item.isEvent { again.prepend(item.asdu) }
    inFlight.removeAll()
    answers.removeAll()
    row = 0
  }
}
