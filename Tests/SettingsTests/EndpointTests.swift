import Testing

@testable import Settings

@Suite struct EndpointTests {
  @Test(
    arguments: [
      ("192.0.2.10:502", "192.0.2.10", 502), ("gateway.plant:1502", "gateway.plant", 1502),
      ("localhost:1", "localhost", 1),
      ("[::1]:502", "::1", 502), ("[2001:db8::7]:65535", "2001:db8::7", 65535),
      ("[fe80::1%eth0]:502", "fe80::1%eth0", 502),
      ("meter-7:0502", "meter-7", 502),
    ] as [(String, String, UInt16)])
  func reads(text: String, host: String, port: UInt16) throws {
    let endpoint = try #require(Endpoint(text))
    #expect(endpoint.host == host)
    #expect(endpoint.port == port)
  }

  @Test(arguments: [
    "", ":", ":502", "192.0.2.10", "192.0.2.10:", "192.0.2.10:0", "192.0.2.10:65536", "192.0.2.10:-1", "192.0.2.10:+1",
    "192.0.2.256:502", "192.0.2:502", "::1:502", "[::1]", "[::1]502", "[::g]:502", "[192.0.2.1]:502", "[]:502",
    "[fe80::1%]:502", "a b:502", "-a:502", "a-:502", "a..b:502", "a.:502", "http://a:502", "a/b:502", "ä:502",
  ])
  func refuses(text: String) {
    #expect(Endpoint(text) == nil)
  }
}
