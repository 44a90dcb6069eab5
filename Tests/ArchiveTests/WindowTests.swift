import Metering
import Synchronization
import Testing

@testable import Archive

@Suite struct WindowTests {
  private let scratch = Scratch()

  /// Bug: 190,000 polls filled the window before the second was over that a commit waits.
  @Test(.timeLimit(.minutes(1))) func halfAWindowIsCommittedAtOnce() async throws {
    // No time passes on this clock: no commit is ever due.
    let archive = try open(scratch, clock: ManualClock(start))
    let (commits, continuation) = AsyncStream.makeStream(of: Int.self)
    archive.onCommit { continuation.yield($0.count) }
    let big = Block(table: .input, address: 0, count: 125, outcome: .ok, bytes: [UInt8](repeating: 1, count: 250))
    var observation = poll(start, definition: "x")
    observation.content = .poll([Block](repeating: big, count: 1000))
    for _ in 0..<107 { #expect(archive.offer(observation)) }
    var committed = 0
    for await count in commits {
      committed += count
      if committed >= 106 { break }
    }
    #expect(archive.health.windowFull == 0)
    await archive.close()
    #expect(archive.health.headSeq == 107 && archive.health.waiting == 0)
  }
}
