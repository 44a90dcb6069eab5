import NIOCore
import Synchronization

/// The open connections of one server, and how many there may be.
final class ConnectionLimit: Sendable {
  private struct State {
    var isClosed = false
    var channels: [ObjectIdentifier: any Channel] = [:]
  }
  private let maximum: Int
  private let state = Mutex(State())

  init(_ maximum: Int) { self.maximum = maximum }

  /// - Returns: false where the connection has to be closed again.
  func enter(_ channel: any Channel) -> Bool {
    let isIn = state.withLock {
      guard !$0.isClosed, $0.channels.count < maximum else { return false }
      $0.channels[ObjectIdentifier(channel)] = channel
      return true
    }
    if isIn { channel.closeFuture.whenComplete { _ in self.leave(channel) } }
    return isIn
  }

  /// Closes every connection and lets in no more.
  func closeAll() async {
    let open = state.withLock {
      $0.isClosed = true
      return Array($0.channels.values)
    }
    for channel in open { try? await channel.close() }
  }

  private func leave(_ channel: any Channel) {
    state.withLock { $0.channels[ObjectIdentifier(channel)] = nil }
  }
}
