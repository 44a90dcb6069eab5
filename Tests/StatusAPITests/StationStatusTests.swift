import Testing

@testable import StatusAPI

struct StationStatusTests {
  /// The contract, docs/STATUS-API.md, to the letter.
  @Test func json() throws {
    let text = String(decoding: try StatusJSON.encode(Fixtures.substation), as: UTF8.self)
    #expect(
      text == #"""
        {"address":"192.0.2.20:2404, 192.0.2.21:2404","advice":null,"crc_errors":0,"efficiency":null,"exceptions":1,\#
        "exceptions_by_code":null,"good":191,"id":"substation",\#
        "last_error":"substation: general interrogation of common address 48 refused: unknown common address of ASDU \#
        (46)","last_error_at":"2026-11-21T02:15:00.000Z",\#
        "latency_p50_seconds":null,"latency_p99_seconds":null,"link_failures":2,"malformed":3,"queue_length":5,\#
        "requests":193,"skipped_slots":1,"slots_due":null,"slots_on_time":null,"stale_replies":null,"state":"up",\#
        "station":{"asdus":123456,"commit_failures":1,"interrogations":[\#
        {"absent":0,"common_address":47,"ended_at":"2026-11-21T02:00:02.500Z","kind":"general",\#
        "outcome":"complete","slot":"2026-11-21T02:00:00.000Z"},\#
        {"absent":2,"common_address":47,"ended_at":"2026-11-21T02:00:03.000Z","kind":"counter",\#
        "outcome":"complete","slot":null},\#
        {"absent":3,"common_address":48,"ended_at":"2026-11-21T02:15:00.350Z","kind":"general",\#
        "outcome":"refused-46","slot":"2026-11-21T02:15:00.000Z"}],\#
        "links":[{"address":"192.0.2.20:2404","connections":2,"i_frames_received":123456,"i_frames_sent":210,\#
        "last_close":"no TESTFR con within t1 (IEC 60870-5-104 clause 5.2)","octets_received":6543210,\#
        "octets_sent":98765,"s_frames_sent":15432,"since":"2026-11-21T00:00:01.000Z","state":"started",\#
        "test_frames_sent":7,"tls":true},\#
        {"address":"192.0.2.21:2404","connections":0,"i_frames_received":0,"i_frames_sent":0,"last_close":null,\#
        "octets_received":0,"octets_sent":0,"s_frames_sent":0,"since":null,"state":"down","test_frames_sent":0,\#
        "tls":true}],"malformed_asdus":3,"named_objects":19000,"objects":18446744073709551615,\#
        "repeated_objects":12,"test_asdus":1,"trailing_octet_asdus":4,"unnamed":[\#
        {"common_address":47,"count":12,"last_at":"2026-11-21T02:15:08.120Z","last_value":"230.25 (not topical)",\#
        "object_address":25601,"type":"M_ME_NC_1"},\#
        {"common_address":48,"count":123456,"last_at":"2026-11-21T02:15:09.000Z","last_value":null,\#
        "object_address":16777215,"type":"M_SP_NA_1"}],"unnamed_objects":250,"waiting_for_archive":5},\#
        "timeouts":1,"type":"iec104"}

        """#)
    #expect(try StatusJSON.decode(BusStatus.self, from: Array(text.utf8)) == Fixtures.substation)
  }

  @Test func aBusHasNone() throws {
    let text = String(decoding: try StatusJSON.encode(Fixtures.report.buses), as: UTF8.self)
    #expect(text.contains(#""station":null"#))
  }

  /// A daemon from before there were stations.
  @Test func olderDaemon() throws {
    let text = String(decoding: try StatusJSON.encode(Fixtures.report), as: UTF8.self)
    let older = text.replacing(#","station":null"#, with: "")
    #expect(older != text)
    #expect(try StatusJSON.decode(StatusReport.self, from: Array(older.utf8)) == Fixtures.report)
  }

  @Test(
    arguments: [
      (.down, "down", false), (.connecting, "connecting", false), (.standby, "standby", true),
      (.starting, "starting", true), (.started, "started", true), (.stopping, "stopping", true),
    ] as [(StationLinkStatus.State, String, Bool)])
  func linkStates(state: StationLinkStatus.State, word: String, isConnected: Bool) {
    #expect(state.rawValue == word)
    #expect(state.isConnected == isConnected)
  }

  /// A station may send any number of objects that nobody asked for: the lowest addresses stay.
  @Test func unnamedObjectsAreCut() {
    let objects = (0..<5000).reversed().map { number in
      StationObjectStatus(
        commonAddress: UInt16(number / 1000), objectAddress: UInt32(number % 1000), type: "M_SP_NA_1", count: 1,
        lastAt: "2026-11-21T02:15:00.000Z")
    }
    let station = StationStatus(unnamedObjects: objects.count, unnamed: objects)
    #expect(station.unnamedObjects == 5000)
    #expect(station.unnamed.map(\.objectAddress) == Array(0..<100))
    #expect(station.unnamed.allSatisfy { $0.commonAddress == 0 })
  }

  /// Of too many interrogations those that went wrong stay.
  @Test func interrogationsAreCut() {
    let interrogations = (UInt16(1)...400).map { address in
      InterrogationStatus(
        kind: .general, commonAddress: address, endedAt: "2026-11-21T02:15:00.000Z",
        outcome: address == 400 ? "timeout" : "complete", absent: address == 399 ? 1 : 0)
    }
    let kept = StationStatus(interrogations: interrogations).interrogations
    #expect(kept.map(\.commonAddress) == Array(1...98) + [399, 400])
  }

  /// Combining marks are one character, however many there are.
  @Test(arguments: ["x", "e\u{301}", "厂"])
  func textsAreCut(piece: String) {
    let long = String(repeating: piece, count: 100_000)
    let link = StationLinkStatus(address: "h:1", state: .down, lastClose: long)
    #expect(link.lastClose?.unicodeScalars.count == 300)
    #expect(link.lastClose?.hasSuffix("…") == true)
    let object = StationObjectStatus(
      commonAddress: 1, objectAddress: 1, type: "M_BO_NA_1", count: 1, lastValue: "a" + long, lastAt: "")
    #expect(object.lastValue?.unicodeScalars.count == 100)
    let marks = StationLinkStatus(
      address: "h:1", state: .down, lastClose: "a" + String(repeating: "\u{301}", count: 10_000))
    #expect(marks.lastClose?.unicodeScalars.count == 300)
    let whole = StationLinkStatus(address: "h:1", state: .down, lastClose: String(repeating: "x", count: 300))
    #expect(whole.lastClose == String(repeating: "x", count: 300))
  }
}
