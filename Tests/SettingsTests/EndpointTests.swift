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
    let endpoint = try #require(Settings.Endpoint(text))
    #expect(endpoint.host == host)
    #expect(endpoint.port == port)
  }

  @Test(arguments: [
    "", ":", ":502", "192.0.2.10", "192.0.2.10:", "192.0.2.10:0", "192.0.2.10:65536", "192.0.2.10:-1", "192.0.2.10:+1",
    "192.0.2.256:502", "192.0.2:502", "::1:502", "[::1]", "[::1]502", "[::g]:502", "[192.0.2.1]:502", "[]:502",
    "[fe80::1%]:502", "a b:502", "-a:502", "a-:502", "a..b:502", "a.:502", "http://a:502", "a/b:502", "ä:502",
  ])
  func refuses(text: String) {
    #expect(Settings.Endpoint(text) == nil)
  }

  @Test(
    arguments: [
      ("192.0.2.20", "192.0.2.20", 2404), ("192.0.2.20:1", "192.0.2.20", 1), ("station.plant", "station.plant", 2404),
      ("[::1]", "::1", 2404), ("[2001:db8::7]:19998", "2001:db8::7", 19998), ("[fe80::1%eth0]", "fe80::1%eth0", 2404),
    ] as [(String, String, UInt16)])
  func aStationMayHaveTheUsualPort(text: String, host: String, port: UInt16) throws {
    let endpoint = try #require(Settings.Endpoint(text, defaultPort: 2404))
    #expect(endpoint.host == host)
    #expect(endpoint.port == port)
    #expect(Settings.Endpoint(endpoint.description) == endpoint)
  }

  @Test(arguments: [
    "", ":", ":2404", "192.0.2.20:", "192.0.2.256", "192.0.2", "::1", "2001:db8::7", "[::1", "::1]", "[::g]", "[]",
    "[192.0.2.1]", "[::1]:", "[::1]:0", "a b", "-a", "a..b", "a/b", "1",
  ])
  func aStationHasNoOther(text: String) {
    #expect(Settings.Endpoint(text, defaultPort: 2404) == nil)
  }
}
