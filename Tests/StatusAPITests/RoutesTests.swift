import Testing

@testable import StatusAPI

@Suite(.timeLimit(.minutes(1)))
struct RoutesTests {
  @Test func statusIsTheReport() async throws {
    try await withServer { path, _ in
      let answer = try await RawClient.get(path, "/v1/status")
      #expect(answer.status == "200")
      #expect(answer.headers["content-type"] == "application/json")
      #expect(try StatusJSON.decode(StatusReport.self, from: Array(answer.body.utf8)) == Fixtures.report)
      // The contract: snake case, null where there is nothing.
      for part in [
        #""clock_trusted":true"#, #""projected_five_year_bytes":12300000000"#, #""crc_errors":1"#, #""profile":null"#,
        #""name":"1号厂房总进线""#, #""requests":18446744073709551615"#, #""address":"/dev/ttyUSB0""#,
      ] {
        #expect(answer.body.contains(part), "\(part) in \(answer.body)")
      }
      #expect(!answer.body.contains("readings"))
    }
  }

  @Test func metersAndDeliveries() async throws {
    try await withServer { path, _ in
      let meters = try await RawClient.get(path, "/v1/meters?unknown=1")
      #expect(try StatusJSON.decode(MeterList.self, from: Array(meters.body.utf8)).meters == Fixtures.report.meters)
      let deliveries = try await RawClient.get(path, "/v1/deliveries")
      #expect(
        try StatusJSON.decode(DeliveryList.self, from: Array(deliveries.body.utf8)).forwards
          == Fixtures.report.forwards)
    }
  }

  @Test func oneMeterHasItsReadings() async throws {
    try await withServer { path, _ in
      let answer = try await RawClient.get(path, "/v1/meters/main-incomer")
      #expect(answer.status == "200")
      #expect(answer.body.contains(#""value":123456789012345678.57"#))
      #expect(answer.body.contains(#""value":null"#))
      let meter = try StatusJSON.decode(MeterStatus.self, from: Array(answer.body.utf8))
      #expect(meter == Fixtures.incomerWithReadings)
    }
  }

  @Test func oneStation() async throws {
    try await withServer(FakeProvider(Fixtures.reportWithStation)) { path, _ in
      let answer = try await RawClient.get(path, "/v1/stations/substation")
      #expect(answer.status == "200")
      #expect(try StatusJSON.decode(BusStatus.self, from: Array(answer.body.utf8)) == Fixtures.substation)
      // A bus is none.
      for id in ["hall-1", "main-incomer", "none"] {
        let answer = try await RawClient.get(path, "/v1/stations/\(id)")
        #expect(answer.status == "404")
        #expect(answer.body.contains("no station '\(id)'"))
      }
    }
  }

  @Test(arguments: [
    "/", "/v1", "/v1/meters/", "/v1/meters/none", "/v1/meters/a/b", "/v1/status/", "/%2e", "/healthz2", "/v1/stations",
    "/v1/stations/", "/v1/stations/a/b",
  ])
  func unknownPaths(target: String) async throws {
    try await withServer { path, _ in
      let answer = try await RawClient.get(path, target)
      #expect(answer.status == "404")
      let failure = try StatusJSON.decode(StatusFailure.self, from: Array(answer.body.utf8))
      #expect(!failure.error.isEmpty)
    }
  }

  @Test(arguments: ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
  func readOnly(method: String) async throws {
    try await withServer { path, _ in
      for target in ["/v1/status", "/v1/meters/main-incomer", "/v1/stations/substation", "/metrics", "/healthz"] {
        let answer = try await RawClient.get(path, target, method: method)
        #expect(answer.status == "405")
        #expect(answer.headers["allow"] == "GET")
        #expect(answer.body.isEmpty == (method == "HEAD"))
      }
    }
  }

  @Test func metrics() async throws {
    try await withServer { path, _ in
      let answer = try await RawClient.get(path, "/metrics")
      #expect(answer.status == "200")
      #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
      #expect(answer.body == PrometheusText.render(Fixtures.report))
    }
  }

  @Test func health() async throws {
    let provider = FakeProvider()
    try await withServer(provider) { path, _ in
      let degraded = try await RawClient.get(path, "/healthz")
      #expect((degraded.status, degraded.body) == ("503", "degraded\n"))
      var report = Fixtures.report
      report.state = .healthy
      provider.set(report)
      let healthy = try await RawClient.get(path, "/healthz")
      #expect((healthy.status, healthy.body) == ("200", "ok\n"))
    }
  }

  /// NaN cannot stand in JSON: an error for this one answer, not a broken connection or a dead daemon.
  @Test func answerThatIsNoJSON() async throws {
    var report = Fixtures.report
    report.meters[0].uploadRateToday = .nan
    try await withServer(FakeProvider(report)) { path, _ in
      let status = try await RawClient.get(path, "/v1/status")
      #expect(status.status == "500")
      let deliveries = try await RawClient.get(path, "/v1/deliveries")
      #expect(deliveries.status == "200")
    }
  }
}
