import Archive
import Foundation
import GRDB
import Metering

/// Holds the write lock of an archive's file, so that no commit works while it lives.
final class CommitBlock: Sendable {
  private let queue: DatabaseQueue

  init(_ archive: String) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: archive + "/hot").filter { $0.hasSuffix(".sqlite") }
    guard let name = names.max() else { throw HostileProblem("no file of the archive") }
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    configuration.busyMode = .timeout(5)
    queue = try DatabaseQueue(path: "\(archive)/hot/\(name)", configuration: configuration)
    try queue.inDatabase { try $0.execute(sql: "BEGIN IMMEDIATE") }
  }

  deinit {
    try? queue.inDatabase { try $0.execute(sql: "ROLLBACK") }
    try? queue.close()
  }
}

extension Archive {
  /// Offers until nothing is taken. What is offered takes much room in the window and little on disk.
  func fillWindow() {
    let empty = Block(table: .holding, address: 0, count: 0, outcome: .ok, bytes: [])
    for count in [1000, 100, 10, 1] {
      let poll = Observation(
        meterID: "other", time: HostileStationRun.now, due: nil, received: HostileStationRun.now, definition: "",
        content: .poll(Array(repeating: empty, count: count)))
      while offer(poll) {}
    }
    while offer(
      Observation(
        meterID: "other", time: HostileStationRun.now, due: nil, received: HostileStationRun.now, definition: "",
        content: .asdu(ReceivedASDU(bytes: []))))
    {}
  }
}
