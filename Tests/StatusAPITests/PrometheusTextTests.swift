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

  @Test func stations() {
    let lines = PrometheusText.render(Fixtures.reportWithStation).split(separator: "\n")
    for line in [
      #"meterd_bus_up{bus="substation",type="iec104"} 1"#,
      #"meterd_bus_requests_total{bus="substation",type="iec104"} 193"#,
      #"meterd_station_asdus_total{station="substation"} 123456"#,
      #"meterd_station_objects_total{station="substation"} 18446744073709551615"#,
      #"meterd_station_named_objects_total{station="substation"} 19000"#,
      #"meterd_station_repeated_objects_total{station="substation"} 12"#,
      #"meterd_station_malformed_asdus_total{station="substation"} 3"#,
      #"meterd_station_test_asdus_total{station="substation"} 1"#,
      #"meterd_station_trailing_octet_asdus_total{station="substation"} 4"#,
      #"meterd_station_unnamed_objects{station="substation"} 250"#,
      #"meterd_station_waiting_observations{station="substation"} 5"#,
      #"meterd_station_commit_failures_total{station="substation"} 1"#,
      #"meterd_station_link_connected{station="substation",link="192.0.2.20:2404"} 1"#,
      #"meterd_station_link_started{station="substation",link="192.0.2.20:2404"} 1"#,
      #"meterd_station_link_started{station="substation",link="192.0.2.21:2404"} 0"#,
      #"meterd_station_link_i_frames_received_total{station="substation",link="192.0.2.20:2404"} 123456"#,
      #"meterd_station_link_i_frames_sent_total{station="substation",link="192.0.2.20:2404"} 210"#,
      #"meterd_station_link_s_frames_sent_total{station="substation",link="192.0.2.20:2404"} 15432"#,
      #"meterd_station_link_test_frames_sent_total{station="substation",link="192.0.2.20:2404"} 7"#,
      #"meterd_station_link_octets_received_total{station="substation",link="192.0.2.20:2404"} 6543210"#,
      #"meterd_station_link_octets_sent_total{station="substation",link="192.0.2.20:2404"} 98765"#,
      #"meterd_station_link_connections_total{station="substation",link="192.0.2.20:2404"} 2"#,
      #"meterd_station_interrogation_complete{station="substation",common_address="48",kind="general"} 0"#,
      #"meterd_station_interrogation_complete{station="substation",common_address="47",kind="counter"} 1"#,
      #"meterd_station_interrogation_absent_objects{station="substation",common_address="47",kind="counter"} 2"#,
      #"meterd_station_interrogation_age_seconds{station="substation",common_address="47",kind="counter"} 909"#,
    ] {
      #expect(lines.contains(line[...]), "\(line)")
    }
  }

  /// The rules of the format and of the names, over every line that is rendered.
  @Test func everyFamilyFollowsTheRules() throws {
    var types: [Substring: Substring] = [:]
    for line in PrometheusText.render(Fixtures.reportWithStation).split(separator: "\n") {
      if line.hasPrefix("# TYPE ") {
        let words = line.split(separator: " ")
        #expect(types.updateValue(words[3], forKey: words[2]) == nil, "twice: \(line)")
        #expect((words[3] == "counter") == words[2].hasSuffix("_total"), "\(line)")
      } else if !line.hasPrefix("# HELP ") {
        let name = line.prefix { $0 != "{" && $0 != " " }
        #expect(types[name] != nil, "sample before its TYPE: \(line)")
        #expect(
          try /meterd_[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.e+-]+/.wholeMatch(in: line) != nil,
          "\(line)")
      }
    }
    #expect(types.count > 65)
  }
}
