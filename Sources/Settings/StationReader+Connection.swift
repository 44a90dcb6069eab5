extension StationReader {
  /// IEC 60870-5-104 clause 7.1; with TLS IEC 62351-3.
  private static let port: UInt16 = 2404
  private static let securePort: UInt16 = 19998

  func readEndpoints() -> [Located<Settings.Endpoint>] {
    guard table.node("addresses", required: true) != nil,
      let texts = table.strings("addresses", limit: 4, maximumBytes: 320)
    else { return [] }
    if case .array(let elements)? = table.node("addresses")?.value, elements.isEmpty {
      table.error(table.valuePosition("addresses"), "'addresses' is empty; 1 to 4 are possible")
    }
    let port = table.has("tls") ? StationReader.securePort : StationReader.port
    var endpoints: [Located<Settings.Endpoint>] = []
    for text in texts {
      guard let endpoint = Settings.Endpoint(text.value, defaultPort: port) else {
        table.error(
          text.position,
          "'addresses' holds \(Wording.quoted(text.value)), which is no address; it must be"
            + " \(Settings.Endpoint.stationRule)")
        continue
      }
      if endpoints.contains(where: { $0.value == endpoint }) {
        table.error(text.position, "'addresses' holds \(Wording.quoted(text.value)) twice")
      } else {
        endpoints.append(Located(value: endpoint, position: text.position))
      }
    }
    return endpoints
  }

  func readTLS() -> Settings.TLS? {
    guard let table = table.table("tls", parent: "station") else { return nil }
    let certificate = table.path("certificate", required: true)
    let key = table.path("key", required: true)
    let authorities = table.path("authorities", required: true)
    let revocations = table.path("revocations")
    let serverName = readServerName(table)
    table.finish()
    guard let certificate, let key, let authorities else { return nil }
    return Settings.TLS(
      certificate: certificate.value, key: key.value, authorities: authorities.value, revocations: revocations?.value,
      serverName: serverName)
  }

  private func readServerName(_ table: TableReader) -> String? {
    guard let name = table.string("server_name", maximumBytes: 253) else { return nil }
    guard Settings.Endpoint.isHost(name.value[...]) else {
      table.error(
        name.position,
        "'server_name' is \(Wording.quoted(name.value)); it must be a DNS name such as \"station.plant\", or an address"
      )
      return nil
    }
    return name.value
  }

  /// k, w and the timeouts in milliseconds.
  struct Session {
    var k: Int
    var w: Int
    var t0: Int64
    var t1: Int64
    var t2: Int64
    var t3: Int64
  }

  /// A number of the session, or its default.
  private struct Parameter {
    var key: String
    var value: Int64
    /// Where the file says it.
    var position: Position?
    /// What is there is not sound, which has been reported.
    var isBroken: Bool
    var text: String

    var shown: String { "'\(key)' (\(text)\(position == nil ? ", the default" : ""))" }
  }

  /// The defaults are those of IEC 60870-5-104 clause 9.6.
  func readSession() -> Session {
    let k = window("k", default: 12)
    let w = window("w", default: 8)
    let t0 = timeout("t0", default: 30_000)
    let t1 = timeout("t1", default: 15_000)
    let t2 = timeout("t2", default: 10_000)
    let t3 = timeout("t3", maximum: 48 * 3_600_000, default: 20_000)
    check(w, k, w.value <= k.value, rule: "must not be more than", note: "; two thirds of it are usual")
    check(t2, t1, t2.value < t1.value, rule: "must be less than")
    check(t3, t1, t3.value > t1.value, rule: "must be more than")
    return Session(
      k: Int(k.value), w: Int(w.value), t0: t0.value, t1: t1.value, t2: t2.value, t3: t3.value)
  }

  private func window(_ key: String, default standard: Int64) -> Parameter {
    let found = table.integer(key, in: 1...32_767)
    let value = found.map { Int64($0.value) } ?? standard
    return Parameter(
      key: key, value: value, position: found?.position, isBroken: found == nil && table.has(key), text: "\(value)")
  }

  private func timeout(_ key: String, maximum: Int64 = 255_000, default standard: Int64) -> Parameter {
    let found = table.duration(key, in: 1_000...maximum)
    let value = found?.value ?? standard
    return Parameter(
      key: key, value: value, position: found?.position, isBroken: found == nil && table.has(key),
      text: DurationText.text(value))
  }

  private func check(_ one: Parameter, _ other: Parameter, _ holds: Bool, rule: String, note: String = "") {
    if holds || one.isBroken || other.isBroken { return }
    table.error(one.position ?? other.position ?? table.position, "\(one.shown) \(rule) \(other.shown)\(note)")
  }
}
