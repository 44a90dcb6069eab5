import Testing

@testable import StatusAPI

struct PrometheusTextTests {
  @Test func family() {
    var text = PrometheusText()
    text.family(
      "meterd_x_total", .counter, help: "back\\slash \"quoted\"\nnext",
      [
        .init([:], 18_446_744_073_709_551_615 as UInt64), .init(["a": "b\\c\"d\ne", "name": "1号"], 0.975),
        .init(["v": ""], Double.nan), .init([:], -Double.infinity), .init([:], 1e21),
      ])
    #expect(
      text.text == #"""
        # HELP meterd_x_total back\\slash "quoted"\nnext
        # TYPE meterd_x_total counter
        meterd_x_total 18446744073709551615
        meterd_x_total{a="b\\c\"d\ne",name="1号"} 0.975
        meterd_x_total{v=""} NaN
        meterd_x_total -Inf
        meterd_x_total 1e+21

        """#)
  }

  @Test func familyWithoutSamplesIsLeftOut() {
    var text = PrometheusText()
    text.family("meterd_x", .gauge, help: "x", [])
    #expect(text.text.isEmpty)
  }

  @Test func report() {
    let text = PrometheusText.render(Fixtures.report)
    for line in [
      #"meterd_build_info{version="1.0.0",site="yangzhou-1"} 1"#, "meterd_healthy 0", "meterd_uptime_seconds 86412",
      #"meterd_bus_requests_total{bus="hall-1",type="rtu"} 18446744073709551615"#,
      #"meterd_bus_queue_length{bus="hall-1",type="rtu"} 7"#,
      #"meterd_meter_ok{meter="rinse-water",bus="hall-1"} 0"#,
      #"meterd_meter_last_good_age_seconds{meter="rinse-water",bus="hall-1"} 912"#,
      #"meterd_meter_upload_today_ratio{meter="rinse-water",bus="hall-1"} 0.975"#,
      #"meterd_bus_exceptions_total{bus="hall-1",type="rtu"} 6"#,
      #"meterd_bus_exceptions_by_code_total{bus="hall-1",type="rtu",code="2"} 5"#,
      #"meterd_bus_stale_replies_total{bus="hall-1",type="rtu"} 8"#,
      #"meterd_bus_latency_seconds{bus="hall-1",type="rtu",quantile="0.99"} 0.0625"#,
      #"meterd_bus_efficiency_ratio{bus="hall-1",type="rtu"} 0.978"#,
      #"meterd_bus_slots_on_time_total{bus="hall-1",type="rtu"} 999"#,
      #"meterd_device_requests_total{bus="hall-1",unit="1"} 620"#,
      #"meterd_device_exceptions_total{bus="hall-1",unit="1",code="2"} 5"#,
      #"meterd_device_latency_seconds{bus="hall-1",unit="1",quantile="0.5"} 0.04"#,
      #"meterd_device_turnaround_least_seconds{bus="hall-1",unit="1"} 0.011"#,
      #"meterd_meter_slots_due_total{meter="main-incomer",bus="hall-1"} 616"#,
      "meterd_archive_size_bytes 1234567890",
      #"meterd_forward_files_delivered_total{forward="carbon",type="sftp"} 96"#,
    ] {
      #expect(text.split(separator: "\n").contains(line[...]), "\(line)")
    }
  }

  /// Several meters on one unit share its counts.
  @Test func aUnitHasOneSample() {
    var report = Fixtures.report
    var twin = Fixtures.incomer
    twin.id = "twin"
    report.meters.append(twin)
    let lines = PrometheusText.render(report).split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("meterd_device_requests_total{") } == 1)
    #expect(lines.count { $0.hasPrefix("meterd_meter_slots_due_total{") } == 2)
  }

  /// The rules of the format and of the names, over every line that is rendered.
  @Test func everyFamilyFollowsTheRules() throws {
    var types: [Substring: Substring] = [:]
    for line in PrometheusText.render(Fixtures.report).split(separator: "\n") {
      if line.hasPrefix("# TYPE ") {
        let words = line.split(separator: " ")
        #expect(types.updateValue(words[3], forKey: words[2]) == nil, "twice: \(line)")
        #expect((words[3] == "counter") == words[2].hasSuffix("_total"), "\(line)")
      } else if !line.hasPrefix("# HELP ") {
        let name = line.prefix { $0 != "{" && $0 != " " }
        #expect(types[name] != nil, "sample before its TYPE: \(line)")
        #expect(
          try /meterd_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+/.wholeMatch(in: line) != nil, "\(line)")
      }
    }
    #expect(types.count > 45)
  }
}
