import Testing

@testable import Settings

/// The ways to a meter: what the keys of buses and meters become.
@Suite struct ConnectionKeysTests {
  @Test func busesOfEveryType() throws {
    let settings = try TestFiles.load("ok-every-key")
    try #require(settings.buses.map(\.id) == ["hall-1", "lan", "converter"])
    let (serial, lan, converter) = (settings.buses[0], settings.buses[1], settings.buses[2])
    #expect(serial.lateWindowMilliseconds == 3_000)
    #expect(serial.echo)
    #expect(!serial.connectsPerCycle)
    #expect(serial.pauseAfterConnectMilliseconds == 20)
    #expect(lan.transport == .tcp(host: "gateway.plant", port: 502))
    #expect(lan.lateWindowMilliseconds == 0)
    #expect(!lan.echo && !lan.connectsPerCycle)
    #expect(lan.pipeline == 4)
    #expect(lan.anyUnit)
    let behind = Settings.SerialFormat(baud: 2400, parity: .odd, stopBits: 2)
    #expect(converter.transport == .rtuOverTCP(host: "::1", port: 4001, line: behind))
    #expect(converter.lateWindowMilliseconds == 0)
    #expect(converter.echo && converter.connectsPerCycle)
    #expect(converter.pauseAfterConnectMilliseconds == 100)
    #expect(converter.pipeline == 1)
    #expect(!converter.anyUnit)
  }

  @Test func defaultsOfRTUOverTCP() throws {
    let bus = try #require(try TestFiles.load("ok-rtu-over-tcp").buses.last)
    #expect(bus.transport == .rtuOverTCP(host: "192.0.2.1", port: 4001, line: Settings.SerialFormat()))
    #expect(bus.lateWindowMilliseconds == 2_000)
    #expect(!bus.echo && !bus.connectsPerCycle)
  }

  @Test func formatsReadAsPeopleWriteThem() {
    #expect(Settings.SerialFormat().description == "9600 8N1")
    #expect(Settings.SerialFormat(baud: 19200, parity: .even, stopBits: 2).description == "19200 8E2")
    #expect(Settings.SerialFormat(baud: 300, parity: .odd).description == "300 8O1")
  }

  @Test func metersSpeakInTheirOwnWay() throws {
    let meters = try TestFiles.load("ok-meter-line").meters
    try #require(meters.count == 4)
    // The bus is 19200 8E1: what a meter does not say is the bus's.
    let own = Settings.SerialFormat(baud: 9600, parity: .even, stopBits: 1)
    #expect(meters[0].serialFormat == own)
    #expect(meters[1].serialFormat == own)
    // To say the same as the bus is to say nothing.
    #expect(meters[2].serialFormat == nil)
    #expect(meters[3].serialFormat == nil)
    #expect(meters[0].timeoutMilliseconds == 1_000)
    #expect(meters[0].pauseMilliseconds == 50)
    #expect(meters[0].maxRegisters == 30)
    #expect(meters[1].timeoutMilliseconds == nil)
    #expect(meters[1].pauseMilliseconds == nil)
    #expect(meters[1].maxRegisters == 125)
  }

  @Test func theSmallerLimitOfRegistersCounts() throws {
    #expect(try TestFiles.load("ok-max-registers-smaller-counts").meters.map(\.maxRegisters) == [30, 80, 80])
  }
}
