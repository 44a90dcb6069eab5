import TestSupport
import Testing

/// c104 2.2.1 over TLS with certificates that openssl made: who is believed, and what the status says of the others.
@Suite(.serialized)
struct C104TLSTests {
  /// A station, its certificate, that of the gateway, and what the status must say; nil: it works.
  private static let cases: [(name: String, station: String, gateway: String, known: String?, words: String?)] = [
    ("good", "good", "gateway", nil, nil),
    ("pinned", "good", "gateway", "gateway", nil),
    ("revoked", "revoked", "gateway", nil, "certificate CN=revoked, number 1002, is revoked by CN=ca"),
    ("expired", "expired", "gateway", nil, "certificate CN=expired expired at "),
    ("early", "early", "gateway", nil, "certificate CN=early is not valid before "),
    ("foreign", "foreign", "gateway", nil, "certificate CN=foreign was issued by CN=foreign-ca, which is not in "),
    ("misnamed", "misnamed", "gateway", nil, "certificate CN=misnamed is for 192.0.2.1, not for 127."),
    ("gateway-expired", "good", "gateway-expired", nil, "certificate CN=gateway-expired expired at "),
    ("gateway-foreign", "good", "gateway-foreign", nil, "does not accept this gateway's certificate"),
    ("gateway-unknown", "good", "gateway", "gateway-other", "does not accept this gateway's certificate"),
  ]

  @Test(.timeLimit(.minutes(3)))
  func certificatesAreJudged() async throws {
    let directory = try TemporaryDirectory()
    let tls = try directory.makeDirectory("tls")
    var plant = Plant(in: directory)
    var stations: [C104Station] = []
    for test in C104TLSTests.cases {
      let station = try await C104Station(test.name, in: directory)
      stations.append(station)
      plant.add(
        station,
        more: """

          [station.tls]
          certificate = "\(tls)/\(test.gateway).pem"
          key = "\(tls)/\(test.gateway).key"
          authorities = "\(tls)/ca.pem"
          revocations = "\(tls)/crl.pem"
          """)
    }
    let made = try await run(
      [Repository.python, "-B", Peer.scripts + "/certificates104.py", tls] + stations.map(\.host))
    try #require(made.isSuccess, "\(made)")

    func serve(_ station: C104Station, with certificate: String, known: String?) async throws -> ChildProcess {
      let files = ["\(tls)/\(certificate).pem", "\(tls)/\(certificate).key", "\(tls)/ca.pem"]
      return try await station.serve(["--tls"] + files + (known.map { ["--known", "\(tls)/\($0).pem"] } ?? []))
    }
    var servers: [ChildProcess] = []
    for (station, test) in zip(stations, C104TLSTests.cases) {
      servers.append(try await serve(station, with: test.station, known: test.known))
    }
    let meterd = try MeterdUnderTest(plant, in: directory)
    let daemon = try meterd.start()
    let status = try await meterd.waitForStatus("all were tried") { status in
      stations.allSatisfy { station in
        guard let bus = status.bus(station.name), let link = bus.station?.links.first else { return false }
        return bus.state == "up" || link.lastClose != nil
      }
    }
    for test in C104TLSTests.cases {
      let bus = try #require(status.bus(test.name))
      if let words = test.words {
        #expect(bus.state == "down" && bus.station?.asdus == 0, "\(bus)")
        #expect(bus.station?.links.first?.lastClose?.contains(words) == true, "\(bus)")
        #expect(bus.lastError?.contains(words) == true, "\(bus)")
      } else {
        #expect(bus.state == "up" && bus.lastError == nil, "\(bus)")
      }
    }
    // A station that gets a good certificate is taken up, whatever was wrong before; and so is one for which the gateway
    // gets another one.
    let renewed = 3
    try await servers[renewed].killHard()
    servers[renewed] = try await serve(stations[renewed], with: "good", known: nil)
    for file in ["pem", "key"] {
      try directory.write(TextFile.read("\(tls)/gateway.\(file)"), to: "tls/gateway-foreign.\(file)")
    }
    try await meterd.waitForStatus("both new certificates are believed") {
      $0.bus("expired")?.state == "up" && $0.bus("gateway-foreign")?.state == "up"
    }
    // Data over TLS are data.
    try await stations[0].tell("change", servers[0])
    try await stations[0].waitForEverything(meterd)

    // STOPDT is confirmed at once, not given up after t1 (15 s).
    try await meterd.stop(daemon)
    #expect(!meterd.log.contains("no STOPDT con"), "\(meterd.log.suffix(2000))")
    withExtendedLifetime(servers) {}
  }
}
