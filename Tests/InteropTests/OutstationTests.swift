import FoundationEssentials
import TestSupport
import Testing

/// c104 (lib60870) is the client of the station that `meterd simulate` serves.
@Suite(.serialized)
struct OutstationTests {
  /// What `outstation_client.py` prints.
  private struct Answers: Decodable {
    struct Refusal: Decodable {
      /// Whether c104 was content.
      var ok: Bool
      var frames: [String]
    }
    struct Point: Decodable {
      var type: String
      var value: Double
      var good: Bool
    }
    struct Totals: Decodable {
      /// By object address: counter, sequence number, flags.
      typealias Readings = [String: [Int]]
      var first: Readings
      var last: Readings
      var copies: [Readings]
      var whole: Readings
      var differences: [Readings]
      var reset: [Readings]
    }
    var initialized: [Int]
    var general: [String]
    var points: [String: Point]
    var group2: [String]
    var broadcast: [String]
    var totals: Totals
    var read: [String: Bool]
    var clock: Bool
    var test: Bool
    var tests: [String]
    var hoursAhead: Double
    var refusals: [String: Refusal]
    var again: [String]
  }

  /// Meter, quantity, unit, object address, type, scale.
  private static let points = [
    ("feeder-1", "power_active", "kW", 1, "M_ME_TF_1", "1"), ("feeder-1", "voltage_l1", "V", 2, "M_ME_NC_1", "1"),
    ("feeder-1", "current_l1", "A", 3, "M_ME_NB_1", "0.1"), ("feeder-1", "power_factor", "1", 4, "M_ME_NA_1", "1"),
    ("feeder-1", "x_single", "%", 5, "M_SP_NA_1", "1"), ("feeder-1", "x_double", "%", 6, "M_DP_NA_1", "1"),
    ("feeder-1", "x_step", "%", 7, "M_ST_NA_1", "4"), ("feeder-1", "x_bits", "%", 8, "M_BO_NA_1", "1"),
    ("feeder-1", "energy_active_import", "kWh", 101, "M_IT", "0.0001"),
    ("feeder-2", "power_active", "kW", 11, "M_ME_TF_1", "1"), ("feeder-2", "frequency", "Hz", 12, "M_ME_NC_1", "1"),
    ("feeder-2", "energy_active_import", "kWh", 102, "M_IT", "0.0001"),
  ]

  private static func configuration(_ address: String, in directory: TemporaryDirectory) -> String {
    var text = Plant(in: directory).toml
    text += """

      [[station]]
      id = "substation"
      addresses = ["\(address)"]
      common_address = 47
      time_zone = "Asia/Shanghai"
      interrogate_every = "5s"
      counters_every = "5s"

      """
    for (meter, quantity, unit, objectAddress, type, scale) in points {
      text += """
        [[station.point]]
        meter = "\(meter)"
        quantity = "\(quantity)"
        unit = "\(unit)"
        kind = "\(quantity.hasPrefix("energy") ? "counter" : "gauge")"
        object_address = \(objectAddress)
        type = "\(type)"
        scale = \(scale)

        """
    }
    for meter in ["feeder-1", "feeder-2"] { text += "\n[[meter]]\nid = \"\(meter)\"\nstation = \"substation\"\n" }
    return text
  }

  @Test(.timeLimit(.minutes(5)))
  func c104AsksForEverything() async throws {
    let directory = try TemporaryDirectory()
    let address = try LoopbackAddress.take()
    let file = try directory.write(OutstationTests.configuration(address, in: directory), to: "station.toml")
    let simulator = try ChildProcess(
      [Repository.meterd, "simulate", "--config", file], output: directory.file("simulate"))
    try await eventually("simulator: \(simulator.errors)") {
      guard simulator.isRunning else { throw TestSupportError("the simulator ended: \(simulator.errors)") }
      return simulator.errors.contains("simulating")
    }
    let result = try await run([Repository.python, "-B", Peer.scripts + "/outstation_client.py", address, "47"])
    try #require(result.isSuccess, "\(result); \(simulator.errors)")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let answers = try decoder.decode(Answers.self, from: Data(result.output.utf8))

    let whole = ["100/7", "1/20", "3/20", "5/20", "7/20", "9/20", "11/20", "13/20", "36/20", "100/10"]
    #expect(answers.initialized == [47])
    for answer in [answers.general, answers.broadcast, answers.again] { #expect(answer == whole) }
    #expect(answers.group2 == ["100/7", "13/22", "36/22", "100/10"])
    checkPoints(answers)
    checkTotals(answers.totals)
    #expect(answers.read.count == OutstationTests.points.count && answers.read.values.allSatisfy { $0 })
    #expect(answers.clock && answers.test && answers.tests == ["104/7", "107/7"])
    // Of the station's zone; a spontaneous value is not minutes old.
    #expect(abs(answers.hoursAhead - 8) < 0.25)
    let refusals = [
      "common address": "100/46-", "cause": "100/45-", "object address": "102/47-", "C_SC_NA_1": "45/44-",
      "C_SE_NC_1": "50/44-", "C_DC_TA_1": "59/44-",
    ]
    #expect(answers.refusals.mapValues(\.frames) == refusals.mapValues { [$0] })
    #expect(answers.refusals.values.allSatisfy { !$0.ok })
    withExtendedLifetime(simulator) {}
  }

  private func checkPoints(_ answers: Answers) {
    let gauges = OutstationTests.points.filter { !$0.1.hasPrefix("energy") }
    #expect(answers.points.mapValues(\.type) == Dictionary(uniqueKeysWithValues: gauges.map { ("\($0.3)", $0.4) }))
    #expect(answers.points.values.allSatisfy { $0.good })
    func value(_ address: Int) -> Double { answers.points["\(address)"]?.value ?? .nan }
    let (power, voltage, current, factor) = (value(1), value(2), value(3) * 0.1, value(4))
    #expect(power > 0 && (225...235).contains(voltage) && (0.5...1).contains(factor))
    #expect((49.9...50.1).contains(value(12)))
    // A third of the apparent power, more or less; the spontaneous value of the power may be a little newer.
    #expect((0.7...1.3).contains(3 * voltage * current * factor / 1000 / power))
    // Percent of full load, in four ways.
    let load = value(8)
    #expect((0...140).contains(load) && abs(value(7) * 4 - load) <= 4)
    #expect(value(5) == (load > 50 ? 1 : 0) || load == 50)
    #expect(value(6) == (load > 50 ? 2 : 1) || load == 50)
  }

  private func checkTotals(_ totals: Answers.Totals) {
    let adjusted = 0x40
    for address in ["101", "102"] {
      func each(_ readings: Answers.Totals.Readings) -> [Int] { readings[address] ?? [-1, -1, -1] }
      let (first, last, whole) = (each(totals.first), each(totals.last), each(totals.whole))
      #expect(first[0] > 0 && last[0] > first[0] && first[1...] == [0, 0] && last[1...] == [0, 0])
      let copies = totals.copies.map(each)
      #expect(Set(copies).count == 1 && copies[0][0] >= last[0] && copies[0][1...] == [1, 0])
      #expect(whole[0] >= copies[0][0] && whole[1...] == [2, 0])
      let differences = totals.differences.map(each)
      let sum = differences.reduce(0) { $0 + $1[0] }
      #expect(sum > 0 && sum < first[0] / 100)
      for (place, difference) in differences.enumerated() { #expect(difference[1...] == [(place + 3) % 32, 0]) }
      let reset = totals.reset.map(each)
      #expect(reset[0][0] < first[0] / 100 && reset[0][2] == adjusted)
      #expect(reset[1][0] >= reset[0][0] && reset[1][2] == 0)
    }
  }
}
