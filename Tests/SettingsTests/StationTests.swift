import FoundationEssentials
import Metering
import Testing

@testable import Settings

/// What the keys of stations and their points become.
@Suite struct StationTests {
  @Test func defaultsAreThoseOfTheStandard() throws {
    let settings = try TestFiles.load("ok-station-defaults")
    let station = try #require(settings.stations.first)
    #expect(station.endpoints.map(\.description) == ["192.0.2.20:2404"])
    #expect(station.commonAddress == 47)
    #expect(
      station.definition
        == Definition.Station(
          id: "substation", causeSize: 2, commonAddressSize: 2, objectAddressSize: 3, privateTypes: nil,
          timeZone: "UTC", honoursSummerTime: true, interrogateEveryMilliseconds: 0,
          countersEveryMilliseconds: 900_000))
    #expect(station.countersMode == .read)
    #expect(!station.clockSync)
    #expect(station.groups.isEmpty && station.counterGroups.isEmpty)
    #expect(station.originator == 0)
    #expect([station.k, station.w] == [12, 8])
    #expect(
      [station.t0Milliseconds, station.t1Milliseconds, station.t2Milliseconds, station.t3Milliseconds]
        == [30_000, 15_000, 10_000, 20_000])
    #expect(station.procedureTimeoutMilliseconds == 30_000)
    #expect(station.tls == nil)
    #expect(station.line.number == 4)
    let meter = try #require(settings.meters.first)
    #expect(
      meter.definition
        == Definition(
          meterID: "feeder-3", bus: "", unitID: 0, everyMilliseconds: 900_000, timeZone: "Asia/Shanghai", points: [],
          station: station.definition,
          stationPoints: [
            Definition.StationPoint(
              quantity: "energy_active_import", unit: "kWh", kind: .counter, commonAddress: 47, objectAddress: 25601,
              type: "M_IT", side: .primary)
          ]))
  }

  @Test func everyKeyOfAStationArrives() throws {
    let directory = TestFiles.cases + "/ok-station-every-key"
    let station = try #require(try TestFiles.load("ok-station-every-key").stations.first)
    #expect(
      station.endpoints.map(\.description) == [
        "192.0.2.20:2405", "[2001:db8::7]:19998", "station.plant:65535", "station-2.plant:19998",
      ])
    #expect(station.commonAddress == 65534)
    #expect(
      station.definition
        == Definition.Station(
          id: "substation", causeSize: 2, commonAddressSize: 2, objectAddressSize: 3,
          privateTypes: [
            Definition.PrivateType(type: 128, elementSize: 240), Definition.PrivateType(type: 137, elementSize: 5),
            Definition.PrivateType(type: 255, elementSize: 0),
          ],
          timeZone: "-03:30", honoursSummerTime: false, interrogateEveryMilliseconds: 600_000,
          countersEveryMilliseconds: 900_000))
    #expect(station.countersMode == .freeze)
    #expect(station.clockSync)
    #expect(station.groups == [16, 1, 3])
    #expect(station.counterGroups == [4, 1])
    #expect(station.originator == 255)
    #expect([station.k, station.w] == [32767, 1])
    #expect(
      [station.t0Milliseconds, station.t1Milliseconds, station.t2Milliseconds, station.t3Milliseconds]
        == [1_000, 255_000, 254_000, 172_800_000])
    #expect(station.procedureTimeoutMilliseconds == 600_000)
    #expect(
      station.tls
        == Settings.TLS(
          certificate: directory + "/tls/gateway.pem", key: "/etc/meterd/gateway.key",
          authorities: directory + "/tls/ca.pem", revocations: directory + "/tls/crl.pem", serverName: "station.plant"))
  }

  @Test func everyKeyOfAPointArrives() throws {
    let settings = try TestFiles.load("ok-station-every-key")
    try #require(settings.meters.map(\.id) == ["feeder-3", "water"])
    let (feeder, water) = (settings.meters[0].definition, settings.meters[1].definition)
    #expect(feeder.quantities == ["energy_active_import", "power_active", "x_breaker"])
    // 10 and 15 minutes: slots of both are slots of every fifth minute.
    #expect(feeder.everyMilliseconds == 300_000)
    #expect(feeder.ctRatio == ExactDecimal(120))
    #expect(feeder.vtRatio == ExactDecimal("100.5"))
    #expect(
      feeder.metadata == [
        "name": "馈线三", "energy": "electricity", "level": "sub-unit", "use": "feeder", "accuracy_class": "0.5S",
        "serial": "20260117-0042", "calibrated_until": "2029-01-31", "max_rate": "1600", "parent": "water",
      ])
    #expect(
      feeder.stationPoints == [
        Definition.StationPoint(
          quantity: "energy_active_import", unit: "kWh", kind: .counter, commonAddress: 65534, objectAddress: 25601,
          type: "M_IT", scale: ExactDecimal(significand: 1, exponent: -2), side: .secondary,
          modulus: ExactDecimal(4_294_967_296)),
        Definition.StationPoint(
          quantity: "power_active", unit: "MW", kind: .gauge, commonAddress: 1, objectAddress: 16_777_215,
          type: "M_ME_TF_1", scale: ExactDecimal(significand: -5, exponent: -1),
          offset: ExactDecimal(significand: 15, exponent: -1), side: .primary),
        Definition.StationPoint(
          quantity: "x_breaker", unit: "1", kind: .gauge, commonAddress: 65534, objectAddress: 3, type: "M_DP"),
      ])
    #expect(water.metadata == ["energy": "water", "reference.pressure": "absolute"])
    #expect(
      water.stationPoints?.first
        == Definition.StationPoint(
          quantity: "volume", unit: "pulse", kind: .counter, commonAddress: 65534, objectAddress: 1,
          type: "M_IT_TB_1", perPulse: ExactDecimal(10), pulseUnit: "L"))
    for meter in settings.meters {
      #expect(meter.definition.station == settings.stations.first?.definition)
      #expect(meter.definition.bus.isEmpty && meter.definition.unitID == 0 && meter.definition.points.isEmpty)
    }
  }

  @Test func differencesAreIntervals() throws {
    let settings = try TestFiles.load("ok-station-freeze-reset")
    #expect(settings.stations.first?.countersMode == .freezeReset)
    let definition = try #require(settings.meters.first?.definition)
    #expect(definition.stationPoints?.map(\.kind) == [.interval, .interval, .interval, .counter])
    #expect(definition.everyMilliseconds == 60_000)
  }

  @Test func onlyTheIntervalsThatPointsUseCount() throws {
    let settings = try TestFiles.load("ok-station-untagged")
    #expect(settings.meters.first?.definition.everyMilliseconds == 900_000)
    #expect(settings.stations.first?.definition.countersEveryMilliseconds == 0)
    #expect(settings.stations.first?.definition.timeZone == "UTC")
  }

  @Test func pointsMaySayWhoseTheyAre() throws {
    let settings = try TestFiles.load("ok-station-addresses-shared")
    #expect(settings.stations.first?.commonAddress == nil)
    #expect(settings.meters.map { $0.definition.stationPoints?.map(\.commonAddress) } == [[1, 1, 1], [2]])
  }

  @Test func aStationMayBeThereToBeScanned() throws {
    let settings = try TestFiles.load("ok-station-without-points")
    let station = try #require(settings.stations.first)
    #expect(station.commonAddress == nil)
    #expect(
      [station.definition.interrogateEveryMilliseconds, station.definition.countersEveryMilliseconds] == [0, 0])
  }

  @Test func withTLSThePortIsAnother() throws {
    let station = try #require(try TestFiles.load("ok-station-tls-port").stations.first)
    #expect(station.endpoints.map(\.port) == [19998, 2404])
    #expect(station.tls?.revocations == nil && station.tls?.serverName == nil)
  }

  /// Their SHA-256 names what the archive holds: these are the bytes of the version that knew no stations.
  @Test func definitionsOnABusAreAsTheyWere() throws {
    let definition = try #require(try TestFiles.load("ok-meter-defaults").meters.first?.definition)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let json = String(decoding: try encoder.encode(definition), as: UTF8.self)
    #expect(
      json == """
        {"bus":"hall-1","ctRatio":"1","everyMilliseconds":60000,"metadata":{},"meterID":"m1","points":[{"kind":"counter",\
        "quantity":"volume","register":{"address":4,"order":"ABCD","table":"input","type":"u32"},"scale":"1",\
        "unit":"m3"}],"timeZone":"Asia/Shanghai","unitID":1,"vtRatio":"1"}
        """)
    // On a station they say so.
    let other = try #require(try TestFiles.load("ok-station-defaults").meters.first?.definition)
    #expect(String(decoding: try encoder.encode(other), as: UTF8.self).contains("\"station\":{"))
  }

  @Test func stationsAndPointsAreLimited() throws {
    let site = "[site]\nid = \"a\"\ntime_zone = \"UTC\"\n"
    let stations = try #require(throws: SettingsError.self) {
      try Settings.parse(Array((site + String(repeating: "[[station]]\n", count: 501)).utf8), file: "config.toml")
    }
    #expect(stations.problems.contains { $0.message == "there are 501 [[station]], at most 500 are possible" })
    let points = site + "[[station]]\n" + String(repeating: "[[station.point]]\n", count: 20_001)
    let error = try #require(throws: SettingsError.self) {
      try Settings.parse(Array(points.utf8), file: "config.toml")
    }
    // Beyond a thousand errors only those that are met first are shown.
    #expect(error.problems.contains { $0.message == "there are 20001 [[station.point]], at most 20000 are possible" })
  }

  @Test func twentyThousandPointsLoad() throws {
    var text = "[site]\nid = \"a\"\ntime_zone = \"UTC\"\n[[station]]\nid = \"s\"\naddresses = [\"127.0.0.1\"]\n"
    text += "common_address = 1\ntime_zone = \"UTC\"\ncounters_every = \"15m\"\npoint = [\n"
    for meter in 0..<4_000 {
      for (place, quantity) in ["import", "export", "import_t1", "import_t2", "import_t3"].enumerated() {
        text += "{meter=\"m\(meter)\",quantity=\"energy_active_\(quantity)\",unit=\"kWh\",type=\"M_IT\","
        text += "object_address=\(meter * 5 + place + 1)},\n"
      }
    }
    text += "]\n"
    for meter in 0..<4_000 { text += "[[meter]]\nid = \"m\(meter)\"\nstation = \"s\"\n" }
    let meters = try Settings.parse(Array(text.utf8), file: "config.toml").meters
    #expect(meters.count == 4_000)
    #expect(meters.allSatisfy { $0.definition.stationPoints?.count == 5 })
  }
}

@Suite struct StationTypeTests {
  /// IEC 60870-5-101 clause 7.2.1.1: a name's third part begins with N or T.
  @Test func theTableIsThatOfTheStandard() {
    #expect(StationType.exact.count == 33)
    #expect(Set(StationType.exact).count == 33)
    let untagged = StationType.exact.filter { StationType($0)?.hasTimeTag == false }
    #expect(
      untagged == [
        "M_SP_NA_1", "M_DP_NA_1", "M_ST_NA_1", "M_BO_NA_1", "M_ME_NA_1", "M_ME_NB_1", "M_ME_NC_1", "M_IT_NA_1",
        "M_PS_NA_1", "M_ME_ND_1",
      ])
    #expect(StationType.families.filter { StationType($0)?.hasTimeTag == false } == ["M_PS"])
    #expect(
      StationType.exact.filter { StationType($0)?.isIntegratedTotal == true } == [
        "M_IT_NA_1", "M_IT_TA_1", "M_IT_TB_1",
      ])
    for name in StationType.exact where name != "S_IT_TC_1" {
      #expect(StationType.families.contains(String(name.prefix(4))))
    }
  }

  @Test(arguments: [
    ("M_IT", "M_IT", true), ("M_IT", "M_IT_TB_1", true), ("M_IT_TB_1", "M_IT", true), ("M_IT_NA_1", "M_IT_TB_1", false),
    ("M_IT", "M_ME", false), ("M_ME_NC_1", "M_ME_NC_1", true), ("M_ME", "M_IT_NA_1", false),
  ])
  func overlaps(one: String, other: String, expected: Bool) throws {
    let (one, other) = (try #require(StationType(one)), try #require(StationType(other)))
    #expect(one.overlaps(other) == expected)
  }
}
