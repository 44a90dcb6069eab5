import Metering
import Modbus
import ModbusProtocol
import Testing

@testable import Commissioning

private func plan(_ units: [UInt8], formats: [SerialFormat?] = [nil]) -> ScanPlan {
  ScanPlan(units: units, formats: formats, timeoutMilliseconds: 100, patientTimeoutMilliseconds: 500)
}

@Suite struct ScanTests {
  private let own = SerialFormat(baud: 9600)
  private let other = SerialFormat(baud: 19_200, parity: .even)

  @Test func whoeverAnswersIsThere() async {
    let line = FakeLine(.init(units: [3: [0: 1], 5: [:]]))
    let (report, events) = await line.scan(plan([1, 2, 3, 4, 5]))
    #expect(report.units.map(\.unitID) == [3, 5])
    // Unit 5 has no register 0, but it says so.
    #expect(report.units.map(\.exception) == [nil, 2])
    #expect(report.isComplete && report.failure == nil && report.notes.isEmpty)
    #expect(events.contains(.asking(unitID: 4, number: 4, of: 5)))
    #expect(events.contains(.recognising(unitID: 5, number: 2, of: 2)))
  }

  /// A converter answers 10 or 11 for a device that is not there.
  @Test(arguments: [10, 11] as [UInt8]) func theConvertersExceptionsAreNobody(code: UInt8) async {
    let line = FakeLine(.init(special: [1: [.exception(code)]]))
    #expect(await line.scan(plan([1])).report.units.isEmpty)
  }

  @Test func asksOneRegisterWithTheShortTimeout() async throws {
    let line = FakeLine(.init())
    _ = await line.scan(plan([7], formats: [own]))
    let request = try #require(ReadRequest(function: .readHoldingRegisters, address: 0, count: 1))
    #expect(line.asked == [Ask(.read(request), of: Device(unitID: 7, timeoutMilliseconds: 100, format: own))])
  }

  @Test func asksTwiceWhereTold() async {
    let line = FakeLine(.init(units: [1: [0: 5]], special: [1: [.failed(.timeout)]]))
    var plan = plan([1])
    #expect(await line.scan(plan).report.units.isEmpty)
    let second = FakeLine(.init(units: [1: [0: 5]], special: [1: [.failed(.timeout)]]))
    plan.asksTwice = true
    #expect(await second.scan(plan).report.units.map(\.unitID) == [1])
  }

  @Test func sweepStopsAtTheFirstFormatWithAnswers() async {
    let line = FakeLine(.init(units: [2: [0: 1]], format: other))
    let formats: [SerialFormat?] = [own, other, SerialFormat(baud: 4800)]
    let (report, events) = await line.scan(plan([1, 2], formats: formats))
    #expect(report.units.map(\.format) == [other])
    #expect(events.contains(.round(format: other, number: 2, of: 3)))
    #expect(!line.asked.contains { $0.device.format?.baud == 4800 })
    // All units are asked in a format before the next one is tried.
    #expect(line.asked.prefix(4).map(\.device.format) == [own, own, other, other])
    var all = plan([1, 2], formats: formats)
    all.triesEveryFormat = true
    let again = FakeLine(.init(units: [2: [0: 1]], format: other))
    _ = await again.scan(all)
    #expect(again.asked.contains { $0.device.format?.baud == 4800 })
  }

  @Test func theSweepBeginsWithTheFilesFormatAndHasNoneTwice() {
    let sweep = ScanPlan.sweep(from: own)
    #expect(sweep.first == own && Set(sweep).count == sweep.count && sweep.count == 32)
    #expect(ScanPlan.sweep(from: SerialFormat(baud: 300)).count == 33)
  }

  @Test func aUnitWithAFormatOfItsOwnIsAskedInIt() async {
    let line = FakeLine(.init(units: [2: [0: 1]], format: other))
    var plan = plan([1, 2], formats: [own])
    plan.formatOfUnit = [2: other]
    #expect(await line.scan(plan).report.units.map(\.format) == [other])
  }

  /// Unit 1 answers while unit 2 is asked already.
  @Test func aSlowUnitIsFoundByItsLateAnswer() async {
    var late: [UInt8] = [1, 3, 2, 0, 5]
    let crc = CRC16.checksum(late)
    late += [UInt8(crc & 0xFF), UInt8(crc >> 8)]
    let line = FakeLine(
      .init(units: [1: [0: 5]], special: [1: [.failed(.timeout)], 2: [.failed(.malformed(late))]]))
    let report = await line.scan(plan([1, 2], formats: [own])).report
    #expect(report.units.map(\.unitID) == [1])
    #expect(report.notes == ["unit 1 took longer than 100 ms; give --timeout more to be sure of others"])
  }

  @Test func garbledAnswersAreReported() async {
    let garbled: ReadResult = .failed(.crc([1, 3, 2, 9, 9, 9, 9]))
    let line = FakeLine(.init(special: [1: [garbled, garbled]]))
    let report = await line.scan(plan([1], formats: [own])).report
    #expect(report.units.isEmpty)
    #expect(report.notes.first?.hasPrefix("unit 1: something answers, but with wrong bytes") == true)
  }

  @Test func aDeviceThatAnswersAsAnotherUnitIsFound() async {
    let frame: [UInt8] = [0, 1, 0, 0, 0, 5, 255, 3, 2, 0, 1]
    let line = FakeLine(.init(special: [9: [.failed(.malformed(frame))]]))
    #expect(await line.scan(plan([9])).report.units.map(\.answersAs) == [255])
  }

  @Test func aDeviceThatAnswersForAllUnitsIsOne() async {
    let units = Dictionary(uniqueKeysWithValues: (1...40).map { (UInt8($0), [UInt16(0): UInt16(1)]) })
    let report = await FakeLine(.init(units: units)).scan(plan(Array(1...40))).report
    #expect(report.units.map(\.unitID) == [1] && report.isOneDevice)
    #expect(report.notes.first?.hasPrefix("every unit id answers") == true)
    // A line that is full is no such device.
    #expect(await FakeLine(.init(units: units)).scan(plan(Array(1...41))).report.units.count == 40)
  }

  @Test func aLinkThatCannotBeHadEndsTheScan() async {
    let why = "/dev/ttyUSB0: cannot open: in use by another program (systemctl stop meterd)"
    let line = FakeLine(.init(special: [1: Array(repeating: .failed(.link(why)), count: 9)]))
    let report = await line.scan(plan([1, 2])).report
    #expect(report.failure == why && !report.isComplete)
    #expect(line.asked.count == 2)
  }

  @Test func aLinkThatBreaksOnceIsTriedAgain() async {
    let line = FakeLine(.init(units: [1: [0: 1], 2: [0: 1]], special: [2: [.failed(.link("closed"))]]))
    let report = await line.scan(plan([1, 2])).report
    #expect(report.units.count == 2 && report.isComplete)
    #expect(line.sleptNanoseconds > 1_000_000_000)
  }

  @Test func stoppingKeepsWhatWasFound() async {
    let line = FakeLine(.init(units: [1: [0: 1]], special: [2: [.failed(.stopped)]]))
    let report = await line.scan(plan([1, 2, 3])).report
    #expect(report.units.map(\.unitID) == [1])
    #expect(!report.isComplete && report.failure == nil)
    #expect(!line.asked.contains { $0.device.unitID == 3 })
  }

  @Test func whatIsHeldIsAskedWhenItMay() async {
    let line = FakeLine(.init(units: [1: [0: 1]], special: [1: [.failed(.held(nanoseconds: 700))]]))
    #expect(await line.scan(plan([1])).report.units.count == 1)
    #expect(line.sleptNanoseconds >= 700)
  }
}
