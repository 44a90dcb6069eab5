import Metering
import Testing

@testable import IEC104
@testable import Simulation

/// The station without a network, asked by a session of the other role.
@Suite("Simulated station")
struct OutstationTests {
  private func started(_ station: SimulatedStation) throws -> (Conversation, Int) {
    var talk = try Conversation(station)
    let link = talk.connect()
    #expect(
      try talk.take(link).map(\.words) == Array(repeating: "70/4", count: talk.machine.image.commonAddresses.count))
    return (talk, link)
  }

  @Test("Nothing is sent before STARTDT; then the end of initialization of each common address")
  func endOfInitialization() throws {
    var talk = try Conversation(
      substation([try feeder("a", base: 100)], commonAddresses: [12, 47]))
    let link = talk.connect(start: false)
    #expect(try talk.take(link) == [])
    talk.clients[link]?.session.start(at: talk.now.monotonic)
    talk.exchange()
    let came = try talk.take(link)
    #expect(came.map(\.words) == ["70/4", "70/4"] && came.map(\.header.commonAddress) == [12, 47])
    #expect(came.flatMap(\.addresses) == [0, 0] && came.flatMap(\.values) == [.initialization(0), .initialization(0)])
    // Once for a station, not for a connection.
    talk.lose(link)
    #expect(try talk.take(talk.connect()).map(\.words) == ["70/4", "70/4"])
  }

  @Test("A general interrogation brings everything but totals, untagged, with the plant's values")
  func generalInterrogation() throws {
    var (talk, link) = try started(
      substation([try feeder("a", base: 100), try feeder("b", base: 200)]))
    talk.send(try .interrogation(commonAddress: 47, originator: 3), link)
    let came = try talk.take(link)
    #expect(came.map(\.words) == ["100/7", "1/20", "9/20", "11/20", "13/20", "100/10"])
    #expect(came.allSatisfy { $0.header.originator == 3 && $0.header.commonAddress == 47 })
    #expect(came.map(\.addresses) == [[0], [105, 205], [104, 204], [103, 203], [101, 102, 201, 202], [0]])
    func value(_ quantity: String, _ meter: String) throws -> Double {
      try #require(talk.plant.value(of: quantity, meterID: meter, at: talk.now.wall))
    }
    let power = try value("power_active", "b")
    let voltage = try value("voltage_l1", "a")
    let factor = try value("power_factor", "a")
    let current = try value("current_l1", "b")
    #expect(came[4].values[2] == .float(Float(power)) && came[4].values[1] == .float(Float(voltage)))
    #expect(came[2].values[0] == .normalized(Int16((factor * 32_768).rounded())))
    #expect(came[3].values[1] == .scaled(Int16((current * 10).rounded())))
  }

  @Test("Groups are the meters")
  func groups() throws {
    var (talk, link) = try started(substation([try feeder("a", base: 100), try feeder("b", base: 200)]))
    talk.send(try .interrogation(group: 2, commonAddress: 47), link)
    var came = try talk.take(link)
    #expect(came.map(\.words) == ["100/7", "1/22", "9/22", "11/22", "13/22", "100/10"])
    #expect(came.flatMap(\.addresses) == [0, 205, 204, 203, 201, 202, 0])
    talk.send(try .interrogation(group: 16, commonAddress: 47), link)
    #expect(try talk.take(link).map(\.words) == ["100/7", "100/10"])
    talk.send(try .counterInterrogation(request: 1, freeze: .read, commonAddress: 47), link)
    came = try talk.take(link)
    #expect(came.map(\.words) == ["101/7", "15/38", "101/10"] && came[1].addresses == [106, 107])
    #expect(came[1].header.isSequence)
  }

  @Test("Totals: read, freeze and read, freeze with reset and read")
  func counters() throws {
    var (talk, link) = try started(substation([try feeder("a", base: 100)]))
    func kWh(_ time: Timestamp) throws -> Int32 {
      Int32(try #require(talk.plant.value(of: "energy_active_import", meterID: "a", at: time)) * 100)
    }
    func read(_ talk: inout Conversation) throws -> ObjectValue {
      talk.send(try .counterInterrogation(freeze: .read, commonAddress: 47), link)
      let came = try talk.take(link)
      #expect(came.map(\.words) == ["101/7", "15/37", "101/10"])
      return try #require(came[1].values.first)
    }
    let first = try kWh(talk.now.wall)
    #expect(try read(&talk) == .counter(first, sequence: 0, carry: false, adjusted: false))
    talk.pass(milliseconds: 3_600_000)
    #expect(talk.clients[link]?.isClosed == false)
    let second = try kWh(talk.now.wall)
    #expect(second > first)
    talk.send(try .counterInterrogation(freeze: .freeze, commonAddress: 47), link)
    #expect(try talk.take(link).map(\.words) == ["101/7"])
    talk.pass(milliseconds: 3_600_000)
    #expect(try read(&talk) == .counter(second, sequence: 1, carry: false, adjusted: false))
    talk.send(try .counterInterrogation(freeze: .freezeReset, commonAddress: 47), link)
    let third = try kWh(talk.now.wall)
    talk.pass(milliseconds: 3_600_000)
    talk.send(try .counterInterrogation(freeze: .freezeReset, commonAddress: 47), link)
    _ = try talk.take(link)
    let fourth = try kWh(talk.now.wall)
    #expect(try read(&talk) == .counter(fourth - third, sequence: 3, carry: false, adjusted: false))
  }

  @Test("A read command brings the object as it is")
  func read() throws {
    var (talk, link) = try started(substation([try feeder("a", base: 100)]))
    talk.send(try .read(objectAddress: 102, commonAddress: 47), link)
    talk.send(try .read(objectAddress: 106, commonAddress: 47), link)
    let came = try talk.take(link)
    #expect(came.map(\.words) == ["13/5", "15/5"] && came.map(\.addresses) == [[102], [106]])
  }

  @Test("Clock synchronization and tests are confirmed as they came")
  func clockAndTest() throws {
    var (talk, link) = try started(substation([try feeder("a", base: 100)]))
    let time = CP56Time2a(year: 26, month: 11, day: 21, hour: 10, minute: 5, milliseconds: 7)
    let asked: [OutgoingASDU] = [
      try .clockSynchronization(time, commonAddress: 47), try .test(counter: 513, time: time, commonAddress: 47),
      try command(.C_TS_NA_1, .activation, element: [0xAA, 0x55]),
    ]
    for asdu in asked { talk.send(asdu, link) }
    let came = try talk.take(link)
    #expect(came.map(\.words) == ["103/7", "107/7", "104/7"])
    for (asdu, received) in zip(asked, came) { #expect(asdu.bytes[6...] == received.bytes[6...]) }
    #expect(talk.machine.statistics.clockSynchronization == time)
    let impossible = CP56Time2a(year: 26, month: 13, day: 21, hour: 10, minute: 5, milliseconds: 7)
    talk.send(try .clockSynchronization(impossible, commonAddress: 47), link)
    #expect(try talk.take(link).map(\.words) == ["103/7-"])
  }

  @Test(
    "What it does not know it refuses, in the order type, cause, common address, object address",
    arguments: [
      (45, 6, 47, 1, [0x01], "45/44-"), (50, 6, 47, 1, [0, 0, 0, 0, 0], "50/44-"), (58, 6, 47, 1, [], "58/44-"),
      (105, 6, 47, 0, [1], "105/44-"), (110, 6, 47, 1, [0, 0, 0], "110/44-"), (122, 13, 47, 0, [], "122/44-"),
      (13, 3, 47, 1, [0, 0, 0, 0, 0], "13/44-"), (200, 6, 48, 0, [], "200/44-"),
      (100, 3, 48, 9, [20], "100/45-"), (101, 5, 47, 0, [5], "101/45-"), (102, 6, 47, 101, [], "102/45-"),
      (103, 8, 47, 0, [1, 2, 3, 4, 5, 6, 7], "103/45-"), (100, 6, 48, 9, [20], "100/46-"),
      (101, 6, 1, 0, [5], "101/46-"),
      (102, 5, 65_535, 101, [], "102/46-"), (100, 6, 47, 9, [20], "100/47-"), (102, 5, 47, 999, [], "102/47-"),
      (102, 5, 47, 0, [], "102/47-"),
      // Known, but not that qualifier.
      (100, 6, 47, 0, [19], "100/7-"), (100, 6, 47, 0, [37], "100/7-"), (101, 6, 47, 0, [0], "101/7-"),
      (101, 6, 47, 0, [0x46], "101/7-"),
    ] as [(UInt8, UInt8, UInt16, UInt32, [UInt8], String)])
  func refusals(
    _ type: UInt8, _ cause: UInt8, _ commonAddress: UInt16, _ address: UInt32, _ element: [UInt8], _ words: String
  ) throws {
    var (talk, link) = try started(substation([try feeder("a", base: 100)]))
    let asked = try command(
      TypeID(rawValue: type), CauseOfTransmission(rawValue: cause), element: element, address: address,
      commonAddress: commonAddress)
    talk.send(asked, link)
    let bytes = try #require(talk.clients[link]?.asdus.first)
    let header = try ASDUHeader(bytes, format: .standard)
    #expect(talk.clients[link]?.asdus.count == 1)
    #expect("\(header.type.rawValue)/\(header.cause.rawValue)\(header.isNegative ? "-" : "")" == words)
    #expect(header.originator == 9 && bytes[3...] == asked.bytes[3...])
    #expect(talk.machine.statistics.refusals == (header.cause.isRefusal ? 1 : 0))
  }

  @Test(
    "ASDUs that are none are counted and not answered",
    arguments: [
      [], [100], [100, 1, 6, 0, 47], [100, 1, 6, 0, 47, 0, 0, 0, 0], [100, 0, 6, 0, 47, 0],
      [101, 9, 6, 0, 47, 0, 0, 0, 0, 5], [103, 1, 6, 0, 47, 0, 0, 0, 0, 1], [102, 1, 5, 0, 47, 0],
    ] as [[UInt8]])
  func malformed(_ bytes: [UInt8]) throws {
    var (talk, link) = try started(substation([try feeder("a", base: 100)]))
    talk.send(try OutgoingASDU(bytes: bytes), link)
    #expect(try talk.take(link) == [])
    // An I frame without ASDU ends the connection.
    #expect(talk.clients[link]?.isClosed == bytes.isEmpty)
    #expect(talk.machine.statistics.malformed == (bytes.isEmpty ? 0 : 1))
  }

  @Test("The broadcast address is answered by each common address with its own")
  func broadcast() throws {
    var (talk, link) = try started(
      substation([try feeder("a", base: 100), try feeder("b", base: 200, commonAddress: 48)]))
    talk.send(try .counterInterrogation(freeze: .read, commonAddress: 0xFFFF), link)
    let came = try talk.take(link)
    #expect(came.map(\.words) == ["101/7", "101/7", "15/37", "101/10", "15/37", "101/10"])
    #expect(came.map(\.header.commonAddress) == [47, 48, 47, 47, 48, 48])
  }

  @Test("A second interrogation of a common address while one lasts is confirmed negatively; it can be broken off")
  func overlapping() throws {
    // With k = 1 and no acknowledgements it lasts as long as it is wanted.
    let meters = [try feeder("a", base: 100), try feeder("b", base: 200, commonAddress: 48)]
    var talk = try Conversation(substation(meters, parameters: SessionParameters(k: 1)))
    let link = talk.connect()
    talk.pass(milliseconds: 30_000)
    #expect(try talk.take(link).map(\.words) == ["70/4", "70/4"])
    talk.clients[link]?.acknowledges = false
    talk.send(try .interrogation(commonAddress: 47), link)
    talk.send(try .interrogation(commonAddress: 47), link)
    talk.send(try .interrogation(commonAddress: 48), link)
    talk.send(try command(.C_IC_NA_1, .deactivation, element: [20]), link)
    talk.send(try command(.C_IC_NA_1, .deactivation, element: [20]), link)
    // w frames, or t2 after the first.
    talk.clients[link]?.acknowledges = true
    talk.acknowledge(link)
    talk.pass(milliseconds: 200_000)
    let came = try talk.take(link)
    #expect(
      came.map(\.words) == [
        "100/7", "100/7-", "100/7", "100/9", "100/9-", "1/20", "9/20", "11/20", "13/20", "100/10",
      ])
    #expect(came.dropFirst(5).allSatisfy { $0.header.commonAddress == 48 })
  }
}
