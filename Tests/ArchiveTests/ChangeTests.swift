import Archive
import Metering
import Testing

/// `[[meter.change]]`: what is declared of times that are past, or to come.
@Suite struct ChangeTests {
  private let scratch = Scratch()
  private let path: String

  init() { path = scratch.path + "/archive" }

  private func meter(_ ct: String, name: String = "") -> Definition {
    var definition = Definition(
      meterID: "m1", bus: "b", unitID: 1, everyMilliseconds: 60_000, timeZone: "Asia/Shanghai",
      ctRatio: ExactDecimal(ct)!,
      points: [
        .init(
          quantity: "current_l1", unit: "A", kind: .gauge, register: .init(table: .holding, address: 0, type: .u16),
          side: .secondary)
      ])
    definition.metadata["name"] = name
    return definition
  }

  private func change(_ minutes: Int64, _ ct: String) -> Definition.Change {
    .init(validFrom: start + minutes * 60_000, ctRatio: ExactDecimal(ct)!, reason: "CTs exchanged")
  }

  /// Polls of 1 A at the minutes 0 to 9, as the daemon would: by the definition that it believed in.
  private func take(_ archive: Archive, _ hash: String, minutes: Range<Int64>) {
    for minute in minutes { #expect(archive.offer(poll(start + minute * 60_000, value: 1, definition: hash))) }
  }

  private func values(asOf: Timestamp? = nil) throws -> [String] {
    var values: [String] = []
    try ArchiveReader(path: path, asOf: asOf).forEachReading(meterID: "m1", from: start, to: start + 3_600_000) {
      values.append($0.value?.description ?? "-")
    }
    return values
  }

  @Test func aRatioThatWasWrongIsCorrectedFromTheTimeThatIsNamed() async throws {
    let archive = try open(scratch)
    let hash = try #require(try await archive.use([meter("100")], from: start)["m1"])
    take(archive, hash, minutes: 0..<6)
    #expect(await archive.flush())
    let declared = start + 6 * 60_000
    let changes = ["m1": [change(3, "120")]]
    let present = meter("100").applying(changes["m1"]!, at: declared)
    let new = try #require(try await archive.use([present], changes: changes, from: declared)["m1"])
    take(archive, new, minutes: 6..<8)
    await archive.close()
    #expect(try values() == ["100", "100", "100", "120", "120", "120", "120", "120"])
    // What was known before it was declared.
    #expect(try values(asOf: declared - 1) == Array(repeating: "100", count: 6) + ["120", "120"])
  }

  @Test func aDeclaredChangeIsWrittenDownOnce() async throws {
    let archive = try open(scratch)
    let changes = ["m1": [change(3, "120")]]
    _ = try await archive.use([meter("100")], from: start)
    let first = try await archive.use([meter("120")], changes: changes, from: start + 360_000)
    let again = try await archive.use([meter("120")], changes: changes, from: start + 420_000)
    // An ordinary edit later on does not reach back.
    let edited = try await archive.use([meter("120", name: "new")], changes: changes, from: start + 480_000)
    #expect(first == again && edited != first)
    await archive.close()
    let reader = try ArchiveReader(path: path)
    #expect(reader.definitions(of: "m1").count == 3)
  }

  @Test func itCorrectsWhatWasRecordedForLaterTimesUpToTheNextDeclaration() async throws {
    let archive = try open(scratch)
    let one = try #require(try await archive.use([meter("100")], from: start)["m1"])
    take(archive, one, minutes: 0..<2)
    let two = try #require(try await archive.use([meter("100", name: "x")], from: start + 120_000)["m1"])
    take(archive, two, minutes: 2..<8)
    #expect(await archive.flush())
    let changes = ["m1": [change(1, "120"), change(5, "150")]]
    _ = try await archive.use([meter("150", name: "x")], changes: changes, from: start + 480_000)
    await archive.close()
    #expect(try values() == ["100", "120", "120", "120", "120", "150", "150", "150"])
  }

  @Test func aChangeToComeHoldsWhenItsTimeHasCome() async throws {
    let archive = try open(scratch)
    let changes = ["m1": [change(4, "120")]]
    let hash = try #require(try await archive.use([meter("100")], changes: changes, from: start)["m1"])
    take(archive, hash, minutes: 0..<6)
    await archive.close()
    #expect(try values() == ["100", "100", "100", "100", "120", "120"])
  }

  @Test func aChangeToComeThatIsTakenBackNeverHolds() async throws {
    let archive = try open(scratch)
    let hash = try #require(
      try await archive.use([meter("100")], changes: ["m1": [change(4, "120")]], from: start)["m1"])
    _ = try await archive.use([meter("100")], from: start + 60_000)
    take(archive, hash, minutes: 0..<6)
    await archive.close()
    #expect(try values() == Array(repeating: "100", count: 6))
  }
}
