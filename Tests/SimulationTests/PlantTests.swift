import Metering
import Simulation
import Testing

@Suite("Plant")
struct PlantTests {
  /// Central European time of 2026, whose clocks change on 29 March and 25 October at 01:00 UTC.
  static let berlin: @Sendable (Timestamp) -> Int = { time in
    time.seconds >= 1_774_746_000 && time.seconds < 1_792_890_000 ? 7200 : 3600
  }
  static let meters = [
    meter("incomer", metadata: ["level": "site"]),
    meter("line", metadata: ["level": "sub-unit", "parent": "incomer"]),
    meter("chiller", metadata: ["use": "chiller", "parent": "incomer"]),
    meter("rinse", metadata: ["energy": "water"]),
  ]

  static func plant(seed: UInt64 = 7, zone: (Timestamp) -> Int = shanghai) throws -> Plant {
    try Plant(meters: meters, zoneOffset: zone, seed: seed)
  }

  @Test(
    "A counter grows by the integral of its rate",
    arguments: [("incomer", "energy_active_import", "power_active"), ("rinse", "volume", "volume_flow")])
  func integral(meter: String, counter: String, rate: String) throws {
    let plant = try Self.plant()
    let hours = 30  // over midnight, and across several hours of the profile
    // Simpson's rule with steps of one second: the fastest wave takes 20 s, and every hour of the profile is a step.
    var sum = 0.0
    let steps = hours * 3600
    for step in 0...steps {
      let value = try #require(plant.value(of: rate, meterID: meter, at: november + Int64(step) * 1000))
      sum += value * (step == 0 || step == steps ? 1 : step.isMultiple(of: 2) ? 2 : 4)
    }
    let expected = sum / 3 / 3600
    let start = try #require(plant.value(of: counter, meterID: meter, at: november))
    let end = try #require(plant.value(of: counter, meterID: meter, at: november + Int64(hours) * 3_600_000))
    #expect(abs((end - start) - expected) < 1e-5 * expected)
    #expect(expected > 1)
  }

  @Test(
    "A counter grows by the integral of its rate across a change of the clocks",
    arguments: [1_774_746_000, 1_792_890_000])
  func integralAcrossClockChange(change: Int64) throws {
    let plant = try Self.plant(zone: Self.berlin)
    let start = Timestamp(seconds: change - 1800)
    var sum = 0.0
    // Midpoint rule: the power jumps at the change, which lies on the edge of two steps.
    for step in 0..<3600 {
      sum +=
        try #require(
          plant.value(of: "power_active", meterID: "line", at: start + Int64(step) * 1000 + 500)) / 3600
    }
    let before = try #require(plant.value(of: "energy_active_import", meterID: "line", at: start))
    let after = try #require(plant.value(of: "energy_active_import", meterID: "line", at: start + 3_600_000))
    #expect(abs((after - before) - sum) < 1e-4 * sum)
  }

  @Test("Counters never go back, at any step", arguments: [Int64(1), 997, 61_000, 3_600_000])
  func monotone(step: Int64) throws {
    let plant = try Self.plant()
    for (meter, counter) in [
      ("incomer", "energy_active_import"), ("incomer", "energy_reactive_import"),
      ("chiller", "energy_active_import_l3"),
      ("rinse", "volume"), ("line", "energy_active_import_t2"),
    ] {
      var last = -1.0
      for index in 0..<3000 {
        let value = try #require(plant.value(of: counter, meterID: meter, at: november + Int64(index) * step))
        #expect(value > last, "\(meter)/\(counter) at \(index) × \(step) ms")
        last = value
      }
    }
  }

  @Test("A value depends on seed, meter and time alone")
  func deterministic() throws {
    let (one, two) = (try Self.plant(), try Self.plant())
    let alone = try Plant(meters: [Self.meters[1]], zoneOffset: shanghai, seed: 7)
    let other = try Self.plant(seed: 8)
    for index in stride(from: Int64(0), to: 500, by: 7) {
      // Asked in the other order.
      let (near, far) = (november + index * 1234, november + (500 - index) * 1234)
      _ = two.value(of: "power_active", meterID: "line", at: far)
      let value = try #require(one.value(of: "power_active", meterID: "line", at: near))
      #expect(two.value(of: "power_active", meterID: "line", at: near) == value)
      #expect(alone.value(of: "power_active", meterID: "line", at: near) == value)
      #expect(other.value(of: "power_active", meterID: "line", at: near) != value)
    }
  }

  @Test("Power, voltages, currents and power factor fit together")
  func consistent() throws {
    let plant = try Self.plant()
    for minute in stride(from: Int64(0), to: 2880, by: 13) {
      func value(_ quantity: String) throws -> Double {
        try #require(plant.value(of: quantity, meterID: "line", at: november + minute * 60_000))
      }
      var sum = 0.0
      for phase in 1...3 {
        let (u, i) = (try value("voltage_l\(phase)"), try value("current_l\(phase)"))
        #expect((225...235).contains(u))
        let power = u * i * (try value("power_factor")) / 1000
        #expect(abs(power - (try value("power_active_l\(phase)"))) < 1e-9)
        sum += power
      }
      let (p, q, s) = (try value("power_active"), try value("power_reactive"), try value("power_apparent"))
      #expect(p > 0 && abs(sum - p) < 1e-9 && abs(s * s - p * p - q * q) < 1e-6)
      #expect((0.7...1).contains(try value("power_factor")))
      #expect((49.9...50.1).contains(try value("frequency")))
      #expect((388...407).contains(try value("voltage_l1_l2")))
    }
  }

  @Test("A parent measures its children and a small rest")
  func parent() throws {
    let plant = try Self.plant()
    for hour in Int64(0)..<48 {
      func power(_ meter: String) throws -> Double {
        try #require(plant.value(of: "power_active", meterID: meter, at: november + hour * 3_600_000))
      }
      let (total, children) = (try power("incomer"), try power("line") + (try power("chiller")))
      #expect(total > children && total < 2 * children)
    }
  }

  @Test("The load follows the local clock: Monday 10:00 is busy, Monday 03:00 and Sunday are not")
  func profile() throws {
    let plant = try Self.plant()
    let monday = november + (24 - 8) * 3_600_000  // Monday 00:00 in Shanghai
    func mean(_ from: Timestamp) throws -> Double {
      var sum = 0.0
      for minute in Int64(0)..<60 {
        sum += try #require(plant.value(of: "power_active", meterID: "line", at: from + minute * 60_000))
      }
      return sum / 60
    }
    let busy = try mean(monday + 10 * 3_600_000)
    #expect(try mean(monday + 3 * 3_600_000) < 0.4 * busy)
    #expect(try mean(monday - 14 * 3_600_000) < 0.4 * busy)
  }

  @Test(
    "Every quantity of the vocabulary that is a number has a finite value",
    arguments: Quantity.names.filter { Quantity($0)?.kind != .text } + ["x_line_speed", "voltage_l1"])
  func vocabulary(quantity: String) throws {
    let value = try Self.plant().value(of: quantity, meterID: "line", at: november)
    #expect(try #require(value).isFinite)
  }

  @Test("A circle of parents and max_rate are survived")
  func circle() throws {
    let plant = try Plant(
      meters: [
        meter("a", metadata: ["parent": "b"]), meter("b", metadata: ["parent": "a"]),
        meter("c", metadata: ["level": "site", "max_rate": "10"]),
      ], zoneOffset: shanghai, seed: 1)
    #expect(try #require(plant.value(of: "power_active", meterID: "a", at: november)) > 0)
    for hour in Int64(0)..<168 {
      #expect(try #require(plant.value(of: "power_active", meterID: "c", at: november + hour * 3_600_000)) < 10)
    }
  }

  @Test("Two meters with one id are refused")
  func duplicate() {
    #expect(throws: SimulationError.self) {
      try Plant(meters: [meter("a"), meter("a")], zoneOffset: shanghai, seed: 1)
    }
  }
}
