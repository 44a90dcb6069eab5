import Glibc
import Metering
import Testing

@testable import Simulation

@Suite("Device identification of a unit")
struct UnitIdentificationTests {
  private static let texts: [UnitIdentification.Object: String] = [
    .vendorName: "eastron", .productCode: "sdm630", .revision: "1.0", .productName: "eastron-sdm630",
    .modelName: "sdm630", .userApplicationName: "hall-3",
  ]

  private func unit(_ identification: UnitIdentification?) -> SimulatedUnit {
    SimulatedUnit(FixedImage([:]), identification: identification)
  }

  private func ask(_ unit: SimulatedUnit, _ pdu: [UInt8]) -> [UInt8]? {
    unit.answer(UnitRequest(pdu)).pdu(function: pdu[0])
  }

  private func object(_ id: UInt8, _ text: String) -> [UInt8] { [id, UInt8(text.utf8.count)] + Array(text.utf8) }

  @Test("Basic, regular and single objects")
  func categories() {
    let unit = unit(UnitIdentification(Self.texts))
    let basic = object(0, "eastron") + object(1, "sdm630") + object(2, "1.0")
    let rest = object(4, "eastron-sdm630") + object(5, "sdm630") + object(6, "hall-3")
    #expect(ask(unit, [43, 14, 1, 0]) == [43, 14, 1, 0x82, 0, 0, 3] + basic)
    #expect(ask(unit, [43, 14, 2, 0]) == [43, 14, 2, 0x82, 0, 0, 6] + basic + rest)
    // More than it conforms to is answered with what it conforms to.
    #expect(ask(unit, [43, 14, 3, 0]) == [43, 14, 3, 0x82, 0, 0, 6] + basic + rest)
    #expect(ask(unit, [43, 14, 2, 4]) == [43, 14, 2, 0x82, 0, 0, 3] + rest)
    // A stream begins anew at an object that is not in it.
    #expect(ask(unit, [43, 14, 2, 3]) == ask(unit, [43, 14, 2, 0]))
    #expect(ask(unit, [43, 14, 1, 5]) == ask(unit, [43, 14, 1, 0]))
    #expect(ask(unit, [43, 14, 4, 5]) == [43, 14, 4, 0x82, 0, 0, 1] + object(5, "sdm630"))
  }

  @Test(
    "What cannot be answered",
    arguments: [
      ([43, 13, 0, 0], 1), ([43, 15], 1), ([43, 14, 4, 3], 2), ([43, 14, 4, 7], 2), ([43, 14, 4, 0x80], 2),
      ([43, 14, 0, 0], 3), ([43, 14, 5, 0], 3), ([43, 14, 0xFF, 0], 3), ([43], 3), ([43, 14, 1], 3),
      ([43, 14, 1, 0, 0], 3),
    ] as [([UInt8], UInt8)])
  func exceptions(pdu: [UInt8], code: UInt8) {
    #expect(ask(unit(UnitIdentification(Self.texts)), pdu) == [0xAB, code])
  }

  @Test("A unit without one, and faults")
  func withoutAndFaults() {
    #expect(ask(unit(nil), [43, 14, 1, 0]) == [0xAB, 1])
    let sick = unit(UnitIdentification(Self.texts))
    sick.fault = .silent
    #expect(ask(sick, [43, 14, 1, 0]) == nil)
    sick.fault = .busy(code: 6, times: 1)
    #expect(ask(sick, [43, 14, 1, 0]) == [0xAB, 6])
    #expect(ask(sick, [43, 14, 1, 0])?.prefix(3) == [43, 14, 1])
  }

  @Test("Pages of at most 253 bytes hold all objects once", arguments: [1, 60, 76, 77, 78, 115, 116, 244, 245, 1000])
  func paging(length: Int) throws {
    let long = UnitIdentification(
      Dictionary(
        uniqueKeysWithValues: UnitIdentification.Object.allCases.map {
          ($0, "x" + String(repeating: "é", count: length - 1))
        }))
    let unit = unit(long)
    var (found, next, pages): ([UInt8], UInt8?, Int) = ([], 0, 0)
    while let from = next {
      let page = try #require(ask(unit, [43, 14, 2, from]))
      #expect(page.count <= 253 && page.starts(with: [43, 14, 2, 0x82]))
      var at = 7
      for _ in 0..<page[6] {
        found.append(page[at])
        #expect(Int(page[at + 1]) == min(length, 244))
        #expect(
          page[at + 2] == UInt8(ascii: "x")
            && page[(at + 3)..<(at + 2 + Int(page[at + 1]))].allSatisfy { $0 == UInt8(ascii: "?") })
        at += 2 + Int(page[at + 1])
      }
      #expect(at == page.count)
      next = page[4] == 0xFF ? page[5] : nil
      pages += 1
      try #require(pages <= 7)
    }
    #expect(found == [0, 1, 2, 3, 4, 5, 6])
    let onePage = 246 / (2 + min(length, 244))
    #expect(pages == (7 + onePage - 1) / onePage)
  }

  @Test(
    "What a profile's name says",
    arguments: [("acrel-adl400-ct", "acrel", "adl400-ct"), ("plain", "plain", "plain"), (nil, "meterd", "simulated")]
      as [(String?, String, String)])
  func definition(profile: String?, vendor: String, product: String) {
    var definition = meter("m-1")
    definition.profile = profile
    #expect(
      ask(unit(UnitIdentification(of: definition)), [43, 14, 1, 0])
        == [43, 14, 1, 0x82, 0, 0, 3] + object(0, vendor) + object(1, product) + object(2, "1.0"))
  }

  @Test("Over TCP, RTU over TCP and a pty the same, where the bus offers it", arguments: [true, false])
  func everyWay(isOffered: Bool) async throws {
    try await withTemporaryDirectory { directory in
      func bus(_ id: String, _ endpoint: SimulatedBus.Endpoint) -> SimulatedBus {
        var definition = meter(id, points: [point("power_active", "W", .gauge, at: 0, .i32)])
        definition.profile = "abb-b23"
        return SimulatedBus(id: id, endpoint: endpoint, meters: [definition], offersIdentification: isOffered)
      }
      let simulator = try Simulator(
        buses: [
          bus("m1", .tcp(host: "127.0.0.1", port: 0)), bus("m2", .rtuOverTCP(host: "127.0.0.1", port: 0)),
          bus("m3", .pty(devicePath: directory + "/tty")),
        ], clock: ManualClock(november), zoneOffset: shanghai, seed: 3)
      let ports = try await simulator.start()
      defer { #expect(ports.count == 2) }
      func expected(_ id: String) -> [UInt8] {
        guard isOffered else { return [0xAB, 1] }
        let regular = object(4, "abb-b23") + object(5, "b23") + object(6, id)
        return [43, 14, 2, 0x82, 0, 0, 6] + object(0, "abb") + object(1, "b23") + object(2, "1.0") + regular
      }
      let tcp = try TCPClient(port: try #require(ports["m1"]))
      defer { tcp.close() }
      try tcp.send([0, 1, 0, 0, 0, 5, 1, 43, 14, 2, 0])
      let inTCP = [0, 1, 0, 0, 0, UInt8(1 + expected("m1").count), 1] + expected("m1")
      #expect(try tcp.receive(inTCP.count) == inTCP)

      let request = RTUFramerTests.framed([1, 43, 14, 2, 0])
      let converter = try TCPClient(port: try #require(ports["m2"]))
      defer { converter.close() }
      let overTCP = RTUFramerTests.framed([1] + expected("m2"))
      try converter.send(request)
      #expect(try converter.receive(overTCP.count) == overTCP)

      let line = open(directory + "/tty", O_RDWR | O_NOCTTY)
      try #require(line >= 0)
      defer { close(line) }
      let onLine = RTUFramerTests.framed([1] + expected("m3"))
      // Before and after it libmodbus answers reads as ever.
      for (sent, awaited) in [
        (request, onLine), (RTUFramerTests.framed([1, 3, 0, 9, 0, 1]), RTUFramerTests.framed([1, 0x83, 2])),
        (request, onLine),
      ] {
        try #require(write(line, sent, sent.count) == sent.count)
        var received: [UInt8] = []
        while received.count < awaited.count {
          var event = pollfd(fd: line, events: Int16(POLLIN), revents: 0)
          try #require(poll(&event, 1, 20_000) == 1, "nothing came after \(received)")
          var bytes = [UInt8](repeating: 0, count: awaited.count - received.count)
          let count = read(line, &bytes, bytes.count)
          try #require(count > 0)
          received += bytes[..<count]
        }
        #expect(received == awaited)
      }
      await simulator.stop()
    }
  }
}
