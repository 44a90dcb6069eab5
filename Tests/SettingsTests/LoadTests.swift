import Glibc
import Metering
import Testing

@testable import Settings

@Suite struct LoadTests {
  @Test func defaultsAreThoseOfTheContract() throws {
    let settings = try TestFiles.load("ok-meter-defaults")
    let directory = TestFiles.cases + "/ok-meter-defaults"
    #expect(
      settings.site.profileSearchPath
        == [directory + "/profiles", "/etc/meterd/profiles", "/usr/share/meterd/profiles"])
    #expect(settings.archive.path == "/var/lib/meterd/archive")
    #expect(settings.archive.retention == Settings.Retention(text: "5y", days: 1_830))
    #expect(settings.archive.commitEveryMilliseconds == 1_000)
    #expect(settings.status.socket == "/run/meterd/status.sock")
    let bus = try #require(settings.buses.first)
    #expect(bus.transport == .rtu(device: "/dev/ttyUSB0", line: Settings.SerialFormat(), rs485: false))
    #expect(bus.timeoutMilliseconds == 500)
    #expect(bus.pauseMilliseconds == 0)
    #expect(bus.probeEveryMilliseconds == 60_000)
    #expect(bus.lateWindowMilliseconds == 2_000)
    #expect(!bus.echo && !bus.connectsPerCycle && !bus.anyUnit)
    #expect(bus.pauseAfterConnectMilliseconds == 0)
    #expect(bus.pipeline == 1)
    #expect(bus.line.number == 4)
    let meter = try #require(settings.meters.first)
    #expect(meter.maxRegisters == 125)
    #expect(meter.timeoutMilliseconds == nil && meter.pauseMilliseconds == nil)
    #expect(meter.serialFormat == nil)
    #expect(meter.forbidden.isEmpty)
    #expect(meter.definition.ctRatio == .one)
    #expect(meter.definition.metadata.isEmpty)
    let point = try #require(meter.definition.points.first)
    #expect(point.kind == .counter)
    #expect(point.register.order == .abcd)
    #expect(point.scale == .one)
    #expect(point.side == nil)
    #expect(point.bits == nil && point.offset == nil && point.factors == nil && point.everyMilliseconds == nil)
  }

  @Test func everyKeyArrives() throws {
    let settings = try TestFiles.load("ok-every-key")
    let directory = TestFiles.cases + "/ok-every-key"
    #expect(settings.site.id == "plant-1")
    #expect(settings.archive.path == directory + "/data")
    #expect(settings.archive.retention.text == "10y")
    #expect(settings.archive.commitEveryMilliseconds == 100)
    let bus = try #require(settings.buses.first)
    #expect(
      bus.transport
        == .rtu(
          device: directory + "/dev/ttyUSB0",
          line: Settings.SerialFormat(baud: 19200, parity: .even, stopBits: 2), rs485: true))
    #expect([bus.timeoutMilliseconds, bus.pauseMilliseconds, bus.probeEveryMilliseconds] == [300, 5, 30_000])
    try #require(settings.meters.count == 2)
    let incomer = settings.meters[0]
    #expect(incomer.maxRegisters == 30)
    #expect(incomer.definition.profile == "acme-e1")
    #expect(incomer.definition.timeZone == "Europe/Berlin")
    #expect(incomer.definition.unitID == 247)
    #expect(incomer.definition.everyMilliseconds == 900_000)
    #expect(incomer.definition.ctRatio == ExactDecimal(120))
    #expect(incomer.definition.vtRatio == ExactDecimal("100.5"))
    #expect(
      incomer.definition.metadata == [
        "name": "1号厂房总进线", "energy": "electricity", "level": "sub-unit", "use": "incomer",
        "accuracy_class": "0.5S", "serial": "20260117-0042", "calibrated_until": "2029-01-31", "max_rate": "1600.5",
        "parent": "m2", "circuit": "2",
      ])
    let water = settings.meters[1]
    #expect(water.definition.metadata == ["energy": "water", "level": "site", "reference.pressure": "gauge"])
    try #require(water.definition.points.count == 8)
    let volume = water.definition.points[0]
    #expect(
      volume
        == Definition.Point(
          quantity: "volume", unit: "pulse", kind: .counter,
          register: RegisterReference(table: .holding, address: 65534, type: .u32, order: .cdab),
          scale: ExactDecimal(significand: 1, exponent: -2), perPulse: ExactDecimal(10), pulseUnit: "L",
          modulus: ExactDecimal(4_294_967_296), invalid: [0xFFFF_FFFF]))
    #expect(water.definition.points[1].register.type == .bool)
    #expect(water.definition.points[3].side == .secondary)
    #expect(water.definition.points[3].scale == ExactDecimal(-1))
    let forward = try #require(settings.forwards.first)
    #expect(forward.path == directory + "/spool")
    #expect(forward.periodMilliseconds == 900_000)
    #expect(forward.graceMilliseconds == 60_000)
    #expect(forward.compression == .gzip)
  }

  @Test func aCommentAboveIsNoChange() throws {
    let path = "\(TestFiles.cases)/ok-every-key/config.toml"
    let text = try TestFiles.text(path)
    let moved = try Settings.parse(Array("# a comment\n\n\(text)".utf8), file: path)
    #expect(moved == (try TestFiles.load("ok-every-key")))
    #expect(moved.buses.first?.line.number == 13)
  }

  @Test func relativePathsWithoutDirectoryStayAsTheyAre() throws {
    let text = "[site]\nid = \"a\"\ntime_zone = \"UTC\"\n[archive]\npath = \"data\"\n"
    #expect(try Settings.parse(Array(text.utf8), file: "config.toml").archive.path == "data")
    #expect(try Settings.parse(Array(text.utf8), file: "/config.toml").archive.path == "/data")
    #expect(try Settings.parse(Array(text.utf8), file: "etc/config.toml").archive.path == "etc/data")
  }

  @Test func aFileOfTenMegabytesIsRefused() throws {
    try TestFiles.withTemporaryDirectory { directory in
      let path = directory + "/big.toml"
      try TestFiles.write([UInt8](repeating: UInt8(ascii: "#"), count: 10 << 20), to: path)
      let error = try #require(throws: SettingsError.self) { try Settings.load(path: path) }
      #expect(
        error.description
          == "\(path):1:1: error: the file is larger than 4 MiB, the most that is read: is it the right one?")
    }
  }

  @Test func whatIsNoFileIsRefused() throws {
    try TestFiles.withTemporaryDirectory { directory in
      func failure(_ path: String) throws -> String {
        try #require(throws: SettingsError.self) { try Settings.load(path: path) }.description
      }
      #expect(
        try failure(directory + "/absent.toml")
          == "\(directory)/absent.toml:1:1: error: the file cannot be opened: No such file or directory")
      #expect(try failure(directory) == "\(directory):1:1: error: this is not a regular file")
      // Nobody writes to it: to wait for that would be to wait for ever.
      try #require(mkfifo(directory + "/pipe", 0o600) == 0)
      #expect(try failure(directory + "/pipe") == "\(directory)/pipe:1:1: error: this is not a regular file")
    }
  }

  @Test func errorsAndMetersAreLimited() throws {
    let site = "[site]\nid = \"a\"\ntime_zone = \"UTC\"\n"
    let many = site + String(repeating: "[[meter]]\n", count: 5_001)
    let error = try #require(throws: SettingsError.self) {
      try Settings.parse(Array(many.utf8), file: "config.toml")
    }
    #expect(error.problems.count == Report.maximumProblems + 1)
    #expect(error.problems.contains { $0.message == "there are 5001 [[meter]], at most 5000 are possible" })
    #expect(
      error.problems.last?.message.hasSuffix("more errors are not shown; mend those above and check again") == true)
    let values = "a = [" + String(repeating: "1,", count: TOML.maximumValues) + "]\n"
    let flood = try #require(throws: SettingsError.self) {
      try Settings.parse(Array(values.utf8), file: "config.toml")
    }
    #expect(flood.description == "config.toml:1:1: error: the file holds more than 500000 values")
  }

  @Test func fiveThousandMetersLoad() throws {
    var text = "[site]\nid = \"a\"\ntime_zone = \"UTC\"\n"
    for bus in 0..<50 {
      text += "[[bus]]\nid = \"b\(bus)\"\ntype = \"tcp\"\naddress = \"127.0.0.1:\(1000 + bus)\"\n"
    }
    for meter in 0..<5_000 {
      text += "[[meter]]\nid = \"m\(meter)\"\nbus = \"b\(meter / 100)\"\nunit = \(meter % 100)\nevery = \"1s\"\n"
      text += "point = [{quantity = \"volume\", unit = \"m3\", table = \"input\", address = 4, type = \"u32\"}]\n"
      if meter > 0 { text += "parent = \"m\(meter - 1)\"\n" }
    }
    #expect(try Settings.parse(Array(text.utf8), file: "config.toml").meters.count == 5_000)
  }

  @Test func theShippedFileLoads() throws {
    let config = TestFiles.repository + "/config"
    let missing = ["eastron-sdm630", "chint-dtsu666"].filter { !Files.exists("\(config)/profiles/\($0).toml") }
    if !missing.isEmpty {
      print("not looked at: config/meterd.toml, because config/profiles lacks \(missing.joined(separator: ", "))")
      return
    }
    let settings = try Settings.load(path: config + "/meterd.toml")
    #expect(settings.meters.map(\.id) == ["main-incomer", "compressor", "rinse-water", "feeder-3"])
    #expect(settings.meters.first?.definition.ctRatio == ExactDecimal(100))
    #expect(settings.stations.map(\.id) == ["substation"])
    #expect(settings.meters.last?.definition.stationPoints?.count == 2)
    #expect(settings.forwards.map(\.compression) == [.gzip])
  }

  /// An example that is commented out must be right all the same.
  @Test func theShippedFilesChangeAndExchangeLoad() throws {
    let path = TestFiles.repository + "/config/meterd.toml"
    var isExample = false
    let lines = try TestFiles.text(path).split(separator: "\n", omittingEmptySubsequences: false).map { line in
      if line.isEmpty { isExample = false }
      if line == "  # [[meter.change]]" { isExample = true }
      let text = line.drop { $0 == " " || $0 == "#" }
      let isKey = text.hasPrefix("[[") || text.drop { $0.isLowercase || $0 == "_" }.hasPrefix(" = ")
      return isKey && (isExample || text.hasPrefix("key = \"/var")) ? text : line
    }
    let settings = try Settings.parse(Array(lines.joined(separator: "\n").utf8), file: path)
    let meter = try #require(settings.meters.first)
    #expect(meter.changes.map(\.reason) == ["CTs exchanged"])
    #expect(meter.exchanges.map(\.newSerial) == ["20290301-0007"])
    #expect(settings.archive.keyPath == "/var/lib/meterd/signing-key.pem")
  }
}
