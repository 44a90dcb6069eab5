import FoundationEssentials
import Glibc
import IEC104
import Metering
import Simulation
import TestSupport
import Testing

extension Faults {
  /// kill -9 while a station sends: what it keeps until it is acknowledged comes again and is known again.
  @Suite struct StationKillTests {
    private static let points = 3
    private static let total = 101

    /// `METERD_SEED=…` repeats the moments of a run.
    @Test(.timeLimit(.minutes(30)))
    func nothingUnacknowledgedIsLostAndRepeatsAreMarked() async throws {
      let seed = getenv("METERD_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 1...1_000_000)
      var random = SplitMix64(seed: seed)
      let directory = try TemporaryDirectory()
      let station = try await KilledStation(points: Self.points, total: Self.total)
      let meterd = try MeterdUnderTest(Self.plant(directory, ports: station.ports), in: directory)
      let load = Task { try await station.sendEvents() }
      var kills = 0
      for round in 0..<(Machine.isSoak ? 100 : 10) {
        let daemon = try meterd.start()
        let before = station.outstation.statistics
        // Now and then before anything came.
        if round % 4 != 3 {
          try await eventually(every: .milliseconds(5), "data in round \(round); \(meterd.log.suffix(3000))") {
            let now = station.outstation.statistics
            return !daemon.isRunning || now.starts > before.starts && now.acknowledged > before.acknowledged + 20
          }
        }
        // Any moment: also within a commit, before an acknowledgement, while an interrogation is answered.
        try await Task.sleep(for: .microseconds(Int(random.next() % (round % 4 == 3 ? 150_000 : 1_200_000))))
        #expect(daemon.isRunning, "round \(round): \(meterd.log.suffix(3000))")
        try await daemon.killHard()
        kills += 1
        // Once it stays away until a slot has passed.
        if round == 1 {
          let until = SystemClock().now() + 1000
          try await eventually("a slot that nobody sees") { SystemClock().now() > until }
        }
      }
      let last = try meterd.start()
      let before = station.outstation.statistics
      try await eventually(every: .milliseconds(5), "data at the end; \(meterd.log.suffix(3000))") {
        station.outstation.statistics.acknowledged > before.acknowledged + 200
      }
      station.stopEvents()
      try await load.value
      try await eventually("everything acknowledged; \(station.outstation.statistics)") {
        let now = station.outstation.statistics
        return now.waiting == 0 && now.unacknowledged == 0
      }
      // Whole slots after the last start.
      try await meterd.waitForStatus("an interrogation of each kind") { status in
        Set((status.bus("s")?.station?.interrogations ?? []).filter { $0.slot != nil }.map(\.kind)).count == 2
      }
      try await meterd.stop(last)
      await station.stop()

      let statistics = station.outstation.statistics
      #expect(statistics.overflow == 0 && statistics.sentAgain > 0, "\(statistics)")
      let lines = try await meterd.lines(of: "feeder")
      let events = try StationKillTests.events(lines)
      #expect(events.findings(sent: station.sent) == [], "seed \(seed)")
      // Between the commit and its acknowledgement there is little time: ten kills may miss it.
      if Machine.isSoak { #expect(events.repeats > 0, "no event that was on disk was sent again; seed \(seed)") }
      let summary = try await StationSummary.read(
        meterd.plant.archive, station: "s", everyMilliseconds: 1000, ["47:general:feeder", "47:counter:feeder"])
      #expect(summary.wrong == [], "seed \(seed)")
      #expect(summary.missed["gateway-down", default: 0] > 0)
      // A start on a slow machine may cost a slot.
      #expect(Set(summary.missed.keys).isSubset(of: ["gateway-down", "late"]), "\(summary)")
      #expect(summary.ups > kills / 2, "\(summary)")
      print("kill -9 with a station: seed \(seed), \(kills) kills, \(lines.count) readings, \(events.repeats) repeats")
      print("  \(summary)")
    }

    private static func plant(_ directory: TemporaryDirectory, ports: [Int]) throws -> TestSupport.Plant {
      var plant = TestSupport.Plant(in: directory)
      var text = """
        id = "s"
        addresses = [\(ports.map { "\"127.0.0.1:\($0)\"" }.joined(separator: ", "))]
        common_address = 47
        time_zone = "UTC"
        interrogate_every = "1s"
        counters_every = "1s"

        """
      for place in 1...points { text += point("x_gauge_\(place)", "gauge", place, "M_ME") }
      text += point("x_total", "counter", total, "M_IT")
      plant.stations = [text]
      plant.meters = ["id = \"feeder\"\nstation = \"s\""]
      return plant
    }

    private static func point(_ quantity: String, _ kind: String, _ address: Int, _ type: String) -> String {
      """
      [[station.point]]
      meter = "feeder"
      quantity = "\(quantity)"
      unit = "1"
      kind = "\(kind)"
      object_address = \(address)
      type = "\(type)"

      """
    }

    // MARK: - What the archive says

    /// A line of `meterd query --format ndjson --raw`.
    private struct Line: Decodable {
      let quantity: String
      let value: Double?
      let flags: [String]
      let seq: UInt64
      let index: Int
      let raw: String?

      /// `type:cause:octets`
      var isSpontaneous: Bool { raw?.split(separator: ":").dropFirst().first == "3" }
    }

    struct Events {
      /// By quantity, in the order of the archive.
      var values: [String: [(number: Int, isRepeat: Bool)]] = [:]

      var repeats: Int { values.values.reduce(0) { $0 + $1.count { $0.isRepeat } } }

      func findings(sent: [String: Int]) -> [String] {
        sent.sorted { $0.key < $1.key }.flatMap { quantity, count -> [String] in
          let all = values[quantity] ?? []
          let new = all.filter { !$0.isRepeat }.map(\.number)
          var findings: [String] = []
          if new != Array(1...count) {
            let place = zip(new, 1...count).prefix { $0 == $1 }.count
            findings.append(
              "\(quantity): \(count) events sent, \(new.count) unmarked archived; behind \(place): "
                + "\(new.dropFirst(place).prefix(5))")
          }
          var seen: Set<Int> = []
          let unknown = all.first { seen.insert($0.number).inserted && $0.isRepeat }
          if let unknown { findings.append("\(quantity): \(unknown.number) is marked, and was never there before") }
          return findings
        }
      }
    }

    private static func events(_ lines: [Substring]) throws -> Events {
      let decoded = try lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
      var events = Events()
      for line in decoded.sorted(by: { ($0.seq, $0.index) < ($1.seq, $1.index) }) where line.isSpontaneous {
        guard let value = line.value else { continue }
        events.values[line.quantity, default: []].append((Int(value), line.flags.contains("duplicate")))
      }
      return events
    }
  }
}

/// What `stations.py` found in an archive, without meterd's code.
struct StationSummary: Decodable, Sendable {
  let wrong: [String]
  let asdus: Int
  let ups: Int
  let downs: Int
  let outcomes: [String: Int]
  let missed: [String: Int]
  let both: Int
  let slots: Int

  static func read(
    _ archive: String, station: String, everyMilliseconds: Int, _ wanted: [String]
  ) async throws -> StationSummary {
    let script = Repository.root + "/Tests/FaultTests/stations.py"
    let result = try await run([Repository.python, "-B", script, archive, station, "\(everyMilliseconds)"] + wanted)
    guard result.isSuccess else { throw TestSupportError("stations.py: \(result.errors)") }
    return try JSONDecoder().decode(StationSummary.self, from: Data(result.output.utf8))
  }
}
