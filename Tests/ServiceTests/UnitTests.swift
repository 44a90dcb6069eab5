import Testing

@Suite("The unit file")
struct UnitTests {
  static let analyze = Places.program("systemd-analyze")
  static let noAnalyze: Comment = "systemd-analyze is not installed here (package systemd)"

  @Test(.enabled(if: UnitTests.analyze != nil, UnitTests.noAnalyze))
  func `systemd finds nothing to complain about`() async throws {
    let text = try #require(readText(Places.unit))
    let result = try await withDirectory { directory in
      // The program need not be installed here: any other stands in for it.
      let path = directory + "/meterd.service"
      try writeText(text.replacing("/usr/bin/meterd", with: "/bin/true"), to: path)
      return try await execute(["systemd-analyze", "verify", path])
    }
    #expect(result.status == 0)
    #expect(result.output == "")
  }

  @Test(.enabled(if: UnitTests.analyze != nil, UnitTests.noAnalyze))
  func `systemd does complain about a key that it does not know`() async throws {
    let text = try #require(readText(Places.unit))
    let result = try await withDirectory { directory in
      let path = directory + "/meterd.service"
      try writeText(
        text.replacing("/usr/bin/meterd", with: "/bin/true").replacing("WatchdogSec=", with: "WatchdogSecs="), to: path)
      return try await execute(["systemd-analyze", "verify", path])
    }
    #expect(result.output.contains("WatchdogSecs"))
  }

  @Test(.enabled(if: UnitTests.analyze != nil, UnitTests.noAnalyze))
  func `exposure is 1_5 at most`() async throws {
    let result = try await execute(["systemd-analyze", "security", "--offline=true", "--no-pager", Places.unit])
    let last = try #require(result.output.split(separator: "\n").last { $0.contains("Overall exposure level") })
    let words = last.split(separator: " ")
    let number = try #require(words.compactMap { Double($0) }.first, "no number in: \(last)")
    #expect(number <= 1.5)
  }

  @Test(arguments: [
    "Type=notify", "ExecStart=/usr/bin/meterd run --config /etc/meterd/meterd.toml",
    "ExecReload=/usr/bin/meterd check /etc/meterd/meterd.toml", "ExecReload=/bin/sh -c 'kill -HUP $MAINPID'",
    "Restart=always", "StartLimitIntervalSec=0", "RestartPreventExitStatus=78", "WatchdogSec=60s", "User=meterd",
    "Group=meterd", "UMask=0022", "StateDirectory=meterd", "StateDirectoryMode=0755", "RuntimeDirectory=meterd",
    "ConfigurationDirectory=meterd", "LimitNOFILE=8192", "TasksMax=4096", "StandardError=journal",
    "DeviceAllow=char-ttyUSB rw", "DeviceAllow=char-ttyACM rw", "DeviceAllow=char-ttyS rw",
    "DeviceAllow=char-ttyAMA rw", "DeviceAllow=char-ttymxc rw", "CapabilityBoundingSet=", "NoNewPrivileges=yes",
    "ProtectSystem=strict", "PrivateUsers=yes",
  ])
  func `has the line`(_ line: String) throws {
    let text = try #require(readText(Places.unit))
    #expect(text.split(separator: "\n").contains { $0 == line })
  }

  @Test func `the drivers of USB adapters are loaded before the unit names them`() throws {
    let text = try #require(readText(Places.repository + "/systemd/meterd.modules-load.conf"))
    let modules = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(modules == ["usbserial", "cdc_acm"])
  }

  @Test func `the user may open serial ports`() throws {
    let text = try #require(readText(Places.repository + "/systemd/meterd.sysusers.conf"))
    #expect(text.split(separator: "\n").contains("m meterd dialout"))
  }
}
