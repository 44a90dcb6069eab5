import Archive
import GRDB
import Glibc
import Metering
import Synchronization
import Testing

@Suite struct ArchiveTests {
  private let scratch = Scratch()

  @Test func sequenceNumbersGoOnWithoutHoleOverRestarts() async throws {
    for run in 0..<3 {
      let archive = try open(scratch)
      let hash = try #require(try await archive.use([definition()], from: start)["m1"])
      for i in 0..<10 {
        let due = start + Int64(run * 10 + i) * 60_000
        #expect(archive.offer(poll(due, definition: hash)))
      }
      await archive.close()
    }
    #expect(try entries(scratch).map(\.seq) == Array(1...30))
  }

  @Test func whatIsReadIsWhatWasOffered() async throws {
    let archive = try open(scratch)
    let blocks = [
      Block(table: .input, address: 65_535, count: 1, outcome: .ok, bytes: [0xFF, 0x00]),
      Block(table: .coil, address: 0, count: 9, outcome: .exception(11), bytes: []),
      Block(table: .holding, address: 7, count: 125, outcome: .malformed, bytes: [UInt8](repeating: 0xA5, count: 260)),
      Block(table: .discrete, address: 7, count: 1, outcome: .notAsked, bytes: []),
    ]
    let contents: [Observation.Content] = [
      .poll(blocks), .poll([]), .missed(from: start, to: start + 60_000, count: 2, reason: .probing),
      .clockOffset(bootID: "other", offsetMilliseconds: -5), .forward("{\"event\":\"x\"}"),
    ]
    var offered: [Observation] = []
    for (i, content) in contents.enumerated() {
      let due: Timestamp? = i.isMultiple(of: 2) ? start : nil
      var observation = Observation(
        meterID: i < 3 ? "m1" : "", time: start - 1, due: due, received: start + Int64(i),
        definition: i < 3 ? "abc" : "",
        marks: i == 0 ? .repeatedLabel : [], content: content)
      #expect(archive.offer(observation))
      observation.seq = UInt64(i) + 1
      offered.append(observation)
    }
    await archive.close()
    #expect(try entries(scratch) == offered)
  }

  @Test func othersSeeOnlyWhatIsOnDisk() async throws {
    let clock = ManualClock(start)
    let archive = try open(scratch, clock: clock)
    let seen = Mutex<[UInt64]>([])
    archive.onCommit { batch in seen.withLock { $0 += batch.map(\.seq) } }
    #expect(archive.offer(poll(start, definition: "x")))
    // No time passes on the manual clock, so no commit is due.
    #expect(archive.health.headSeq == 0 && archive.health.waiting == 1 && seen.withLock { $0 }.isEmpty)
    #expect(await archive.flush())
    #expect(archive.health.headSeq == 1 && archive.health.waiting == 0 && seen.withLock { $0 } == [1])
    await archive.close()
  }

  @Test func everyUTCDayHasAFileAndAClockThatStepsBackReopensTheOldOne() async throws {
    let archive = try open(scratch)
    let days: [Int64] = [0, 1, 1, 0, 2, 0]
    for day in days { #expect(archive.offer(poll(start + day * 86_400_000, definition: "x"))) }
    await archive.close()
    let again = try open(scratch)
    #expect(again.health.headSeq == 6)
    #expect(again.offer(poll(start + 86_400_000, definition: "x")))
    await again.close()
    #expect(try entries(scratch).map(\.seq) == Array(1...7))
    let daysRead = try entries(scratch).map { ($0.received - start) / 86_400_000 }
    #expect(daysRead == days + [1])
  }

  @Test func aSecondWriterIsTurnedAwayWithTheOwnersPID() async throws {
    let archive = try open(scratch)
    let error = #expect(throws: ArchiveError.self) { try open(scratch) }
    #expect(error?.reason == .inUse(pid: getpid()) && error?.description.contains("pid \(getpid())") == true)
    await archive.close()
  }

  @Test func anotherSitesArchiveIsRefused() async throws {
    await (try open(scratch, site: "here")).close()
    let error = #expect(throws: ArchiveError.self) { try open(scratch, site: "there") }
    #expect(error?.reason == .foreignFormat)
  }

  @Test func aFullWindowRefusesAndCounts() async throws {
    let archive = try open(scratch, clock: ManualClock(start))
    let big = Block(table: .input, address: 0, count: 125, outcome: .ok, bytes: [UInt8](repeating: 1, count: 250))
    var observation = poll(start, definition: "x")
    observation.content = .poll([Block](repeating: big, count: 1000))
    var taken = 0
    while archive.offer(observation), taken < 1000 { taken += 1 }
    #expect((200..<300).contains(taken) && archive.health.windowFull == 1)
    #expect(await archive.flush())
    #expect(archive.offer(observation))
    await archive.close()
  }

  @Test func synchronousIsFullAndTheJournalAWAL() throws {
    let queue = try DurableDatabase.openForWriting(scratch.path + "/x y%.sqlite")
    let (synchronous, journal) = try queue.read { db in
      (try Int.fetchOne(db, sql: "PRAGMA synchronous"), try String.fetchOne(db, sql: "PRAGMA journal_mode"))
    }
    #expect(synchronous == 2 && journal == "wal")
    #expect(access(scratch.path + "/x y%.sqlite", F_OK) == 0)
  }
}

@Suite struct ReaderTests {
  private let scratch = Scratch()

  @Test func readingsOfARangeByTheirTimeAndFailuresByTheirDueTime() async throws {
    let archive = try open(scratch)
    let hash = try #require(try await archive.use([definition()], from: start)["m1"])
    for i in 0..<5 { #expect(archive.offer(poll(start + Int64(i) * 60_000, value: UInt8(i), definition: hash))) }
    var failed = poll(start + 300_000, definition: hash)
    failed.content = .poll([Block(table: .holding, address: 0, count: 1, outcome: .timeout, bytes: [])])
    failed.received = start + 300_900
    #expect(archive.offer(failed))
    await archive.close()
    let some = try readings(scratch, from: start + 60_000, to: start + 180_000)
    #expect(some.map(\.value) == [1, 2].map { ExactDecimal($0) })
    let last = try readings(scratch, from: start + 300_000, to: start + 300_001)
    #expect(last.count == 1 && last[0].flags == ["timeout"] && last[0].value == nil)
  }

  @Test func aDefinitionHoldsFromItsChangeOnAndNeverBackwards() async throws {
    let archive = try open(scratch)
    let old = try #require(try await archive.use([definition()], from: start)["m1"])
    #expect(archive.offer(poll(start, value: 10, definition: old)))
    let same = try await archive.use([definition()], from: start + 1000)
    #expect(same["m1"] == old)
    let new = try #require(try await archive.use([definition(scale: "0.5")], from: start + 60_000)["m1"])
    #expect(new != old)
    #expect(archive.offer(poll(start + 60_000, value: 10, definition: new)))
    await archive.close()
    #expect(try readings(scratch).map(\.value?.description) == ["10", "5"])
  }

  @Test func aGapOfWeeksIsFoundFromAnyDayInIt() async throws {
    let archive = try open(scratch)
    let hash = try #require(try await archive.use([definition()], from: start)["m1"])
    let days: Int64 = 20
    let back = start + days * 86_400_000
    let gap = Observation(
      meterID: "m1", time: start, due: start, received: back, definition: hash,
      content: .missed(from: start, to: back - 60_000, count: UInt32(days * 1440), reason: .gatewayDown))
    #expect(archive.offer(gap))
    await archive.close()
    let day = try readings(scratch, from: start + 86_400_000, to: start + 2 * 86_400_000)
    #expect(day.count == 1440 && day.first?.index == 1440 && day.allSatisfy { $0.flags == ["gateway-down"] })
    #expect(Set(day.map(\.due)).count == 1440)
  }

  @Test func slotsOfADowntimeAreThoseAfterTheLastRecordOfEachMeter() async throws {
    let archive = try open(scratch)
    let hashes = try await archive.use([definition("m1"), definition("m2", every: 900_000)], from: start)
    #expect(archive.offer(poll(start, meter: "m1", definition: hashes["m1"] ?? "")))
    #expect(archive.offer(poll(start, meter: "m2", definition: hashes["m2"] ?? "")))
    #expect(archive.offer(poll(start + 60_000, meter: "m1", definition: hashes["m1"] ?? "")))
    await archive.close()
    let gaps = try ArchiveReader.unrecordedSlots(
      path: scratch.path + "/archive", throughSeq: 3, until: start + 1_800_000 + 1)
    let m1 = try #require(gaps.first { $0.meterID == "m1" })
    #expect(m1.from == start + 120_000 && m1.to == start + 1_800_000 && m1.count == 29)
    let m2 = try #require(gaps.first { $0.meterID == "m2" })
    #expect(m2.from == start + 900_000 && m2.to == start + 1_800_000 && m2.count == 2)
  }

  @Test func timesBeforeTheClockWasTrustedAreCorrectedByTheOffsetOfTheirBoot() async throws {
    let archive = try open(scratch)
    let hash = try #require(try await archive.use([definition()], from: .epoch)["m1"])
    #expect(archive.offer(poll(Timestamp(milliseconds: 60_000), definition: hash, marks: .untrustedClock)))
    let offset = start.milliseconds
    #expect(
      archive.offer(
        Observation(
          meterID: "", time: start, due: nil, received: start, definition: "",
          content: .clockOffset(bootID: "boot-1", offsetMilliseconds: offset))))
    await archive.close()
    let found = try readings(scratch, from: start, to: start + 120_000)
    #expect(found.count == 1 && found.first?.due == start + 60_000 && found.first?.quality == .uncertain)
    #expect(found.first?.flags == ["clock"])
  }

  @Test func rotIsNamedWithFileAndSequenceNumber() async throws {
    let archive = try open(scratch)
    #expect(archive.offer(poll(start, value: 1, definition: "x")))
    #expect(archive.offer(poll(start + 1000, value: 2, definition: "x")))
    await archive.close()
    let file = scratch.path + "/archive/hot/2026-11-21.sqlite"
    let queue = try DurableDatabase.openForWriting(file)
    try await queue.write { db in try db.execute(sql: "UPDATE observation SET time = time + 1 WHERE seq = 2") }
    try queue.close()
    let error = #expect(throws: ArchiveError.self) { try entries(scratch) }
    #expect(error?.reason == .damaged && error?.description.contains("\(file): seq 2") == true)
  }

  @Test func noArchiveIsAClearError() {
    let error = #expect(throws: ArchiveError.self) { try ArchiveReader(path: "/nonexistent/archive") }
    #expect(error?.description.contains("/nonexistent/archive") == true)
  }
}
