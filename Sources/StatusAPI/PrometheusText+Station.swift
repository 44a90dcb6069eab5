extension PrometheusText {
  /// What is particular to stations; the rest stands among the buses.
  mutating func appendStations(_ report: StatusReport) {
    let stations = report.buses.compactMap { bus in bus.station.map { (id: bus.id, station: $0) } }
    func each(_ value: (StationStatus) -> UInt64) -> [Sample] {
      stations.map { Sample(["station": $0.id], value($0.station)) }
    }
    family("meterd_station_asdus_total", .counter, help: "ASDUs received.", each(\.asdus))
    family("meterd_station_objects_total", .counter, help: "Information objects received.", each(\.objects))
    family(
      "meterd_station_named_objects_total", .counter, help: "Of the objects, those that a point takes.",
      each(\.namedObjects))
    family(
      "meterd_station_repeated_objects_total", .counter,
      help: "Of the objects, those received again after a lost connection.", each(\.repeatedObjects))
    family(
      "meterd_station_malformed_asdus_total", .counter, help: "ASDUs that could not be read.", each(\.malformedASDUs))
    family("meterd_station_test_asdus_total", .counter, help: "ASDUs with the test bit.", each(\.testASDUs))
    family(
      "meterd_station_trailing_octet_asdus_total", .counter, help: "ASDUs with octets behind their last object.",
      each(\.trailingOctetASDUs))
    family(
      "meterd_station_unnamed_objects", .gauge, help: "Distinct objects that no point takes.",
      each { UInt64(max(0, $0.unnamedObjects)) })
    family(
      "meterd_station_waiting_observations", .gauge, help: "Observations that wait for the archive.",
      each { UInt64(max(0, $0.waitingForArchive)) })
    family("meterd_station_commit_failures_total", .counter, help: "Commits that failed.", each(\.commitFailures))
    appendLinks(stations)
    appendInterrogations(stations, now: report.now)
  }

  private mutating func appendLinks(_ stations: [(id: String, station: StationStatus)]) {
    func each(_ value: (StationLinkStatus) -> UInt64) -> [Sample] {
      stations.flatMap { id, station in
        station.links.map { Sample(["station": id, "link": $0.address], value($0)) }
      }
    }
    family(
      "meterd_station_link_connected", .gauge, help: "1 when there is a connection.",
      each { $0.state.isConnected ? 1 : 0 })
    family(
      "meterd_station_link_started", .gauge, help: "1 when the connection carries the station's data.",
      each { $0.state == .started ? 1 : 0 })
    family(
      "meterd_station_link_i_frames_received_total", .counter, help: "I frames received.", each(\.iFramesReceived))
    family("meterd_station_link_i_frames_sent_total", .counter, help: "I frames sent.", each(\.iFramesSent))
    family("meterd_station_link_s_frames_sent_total", .counter, help: "S frames sent.", each(\.sFramesSent))
    family("meterd_station_link_test_frames_sent_total", .counter, help: "TESTFR act sent.", each(\.testFramesSent))
    family(
      "meterd_station_link_octets_received_total", .counter, help: "Octets of APDUs received.", each(\.octetsReceived))
    family("meterd_station_link_octets_sent_total", .counter, help: "Octets of APDUs sent.", each(\.octetsSent))
    family("meterd_station_link_connections_total", .counter, help: "Connections made.", each(\.connections))
  }

  private mutating func appendInterrogations(_ stations: [(id: String, station: StationStatus)], now: String) {
    func each(_ value: (InterrogationStatus) -> UInt64?) -> [Sample] {
      stations.flatMap { id, station in
        station.interrogations.compactMap { one in
          value(one).map {
            Sample(["station": id, "common_address": "\(one.commonAddress)", "kind": one.kind.rawValue], $0)
          }
        }
      }
    }
    family(
      "meterd_station_interrogation_complete", .gauge, help: "1 when the last interrogation was completed.",
      each { $0.isComplete ? 1 : 0 })
    family(
      "meterd_station_interrogation_absent_objects", .gauge, help: "Objects of points that did not come in it.",
      each { UInt64(max(0, $0.absent)) })
    family(
      "meterd_station_interrogation_age_seconds", .gauge, help: "Time since it ended.",
      each { StatusTable.seconds(from: $0.endedAt, to: now) })
  }
}
