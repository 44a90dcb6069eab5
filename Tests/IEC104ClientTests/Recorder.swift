import IEC104
import Synchronization
import Testing

@testable import IEC104Client

/// A delegate that keeps what it is told, and commits when it is asked, or at once, or never.
final class Recorder: StationClientDelegate {
  enum Committing: Sendable { case never, inReceived, inWantsCommit }

  struct Received: Hashable, Sendable {
    var asdu: [UInt8]
    var link: Int
    var session: UInt64
    var frame: UInt64
  }

  struct State: Sendable {
    var received: [Received] = []
    var events: [StationEvent] = []
    var wanted: [(link: Int, session: UInt64, frame: UInt64)] = []
    /// In order: what was received and what happened.
    var order: [String] = []
    var committing = Committing.never
    var clockTime: CP56Time2a?
    var keepsASDUs = true
    var count = 0
    weak var client: StationClient?

    var reasons: [String] {
      events.compactMap { event in
        switch event {
        case .linkDown(_, _, let reason, _), .connectFailed(_, let reason), .notStarted(let reason): reason
        default: nil
        }
      }
    }
    var closes: [CloseReason] {
      events.compactMap { if case .linkDown(_, _, _, let close) = $0 { close } else { nil } }
    }
    var started: [(link: Int, isSwitchover: Bool)] {
      events.compactMap { if case .started(let link, _, let isSwitchover) = $0 { (link, isSwitchover) } else { nil } }
    }
  }

  let state = Mutex(State())

  init(_ committing: Committing = .never) { state.withLock { $0.committing = committing } }

  var now: State { state.withLock { $0 } }

  func received(_ asdu: UnsafeRawBufferPointer, link: Int, session: UInt64, frame: UInt64) {
    let client = state.withLock { state in
      state.count += 1
      if state.keepsASDUs {
        state.received.append(Received(asdu: Array(asdu), link: link, session: session, frame: frame))
        state.order.append("received \(frame)")
      }
      return state.committing == .inReceived ? state.client : nil
    }
    client?.committed(link: link, session: session, through: frame)
  }

  func wantsCommit(link: Int, session: UInt64, through frame: UInt64) {
    let client = state.withLock { state in
      state.wanted.append((link, session, frame))
      return state.committing == .inWantsCommit ? state.client : nil
    }
    client?.committed(link: link, session: session, through: frame)
  }

  func happened(_ event: StationEvent) {
    state.withLock { state in
      state.events.append(event)
      switch event {
      case .started: state.order.append("started")
      case .began(let request): state.order.append("began \(request.kind)")
      case .ended(let request, _): state.order.append("ended \(request.kind)")
      default: break
      }
    }
  }

  func clockTime() -> CP56Time2a? { state.withLock { $0.clockTime } }

  /// Waits for a condition; the limit guards against waiting for ever.
  func wait(for what: String, _ condition: (State) -> Bool) async throws {
    let start = ContinuousClock.now
    while !state.withLock({ condition($0) }) {
      if ContinuousClock.now - start > .seconds(60) {
        let state = now
        Issue.record("never: \(what); events \(state.events), \(state.count) ASDUs")
        throw Never()
      }
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  struct Never: Error {}
}
