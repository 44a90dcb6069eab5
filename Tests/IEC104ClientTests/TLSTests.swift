import FoundationEssentials
import Glibc
import IEC104
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Testing
import X509

@testable import IEC104Client

/// TLS as IEC 62351-3 asks for, against a server that demands a certificate.
@Suite struct TLSTests {
  let folder: Folder
  let root: Identity
  let branch: Identity
  let gateway: Identity
  let recorder = Recorder(.inReceived)

  /// A directory of its own with the files of the gateway.
  final class Folder: Sendable {
    let path: String

    init() throws {
      var template = Array("/tmp/meterd-tls-XXXXXX".utf8CString)
      guard mkdtemp(&template) != nil else { throw TLSRefusal("no directory in /tmp") }
      path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }

    deinit {
      for name in ["certificate", "key", "authorities", "revocations"] { unlink("\(path)/\(name).pem") }
      rmdir(path)
    }

    /// Renamed into place, as certificates should be.
    func write(_ name: String, _ text: String) throws {
      let file = "\(path)/\(name).pem"
      let descriptor = open(file + ".new", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
      defer { Glibc.close(descriptor) }
      let bytes = Array(text.utf8)
      guard descriptor >= 0, Glibc.write(descriptor, bytes, bytes.count) == bytes.count,
        rename(file + ".new", file) == 0
      else { throw TLSRefusal("cannot write \(file)") }
    }

    var files: TLSFiles {
      TLSFiles(
        certificate: "\(path)/certificate.pem", key: "\(path)/key.pem", authorities: "\(path)/authorities.pem",
        revocations: "\(path)/revocations.pem")
    }
  }

  init() throws {
    folder = try Folder()
    root = try PKI.authority("Grid Root")
    branch = try PKI.authority("Grid Stations", by: root)
    gateway = try PKI.issue("meterd", by: root)
    try folder.write("certificate", gateway.pem)
    try folder.write("key", gateway.keyPEM)
    try folder.write("authorities", root.pem)
    try folder.write("revocations", PKI.pem([PKI.list(of: root), PKI.list(of: branch)]))
  }

  /// A station's side.
  func context(
    _ station: Identity, chain: [Identity] = [], believes: Identity? = nil, maximum: TLSVersion? = nil
  ) throws -> NIOSSLContext {
    func nio(_ identity: Identity) throws -> NIOSSLCertificate {
      try NIOSSLCertificate(bytes: identity.der, format: .der)
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try ([station] + chain).map { .certificate(try nio($0)) },
      privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(station.keyPEM.utf8), format: .pem)))
    configuration.certificateVerification = .noHostnameVerification
    configuration.trustRoots = .certificates([try nio(believes ?? root)])
    configuration.maximumTLSVersion = maximum
    configuration.minimumTLSVersion = .tlsv1
    return try NIOSSLContext(configuration: configuration)
  }

  func client(_ endpoint: Endpoint, _ change: (inout StationClientSettings) -> Void = { _ in }) throws -> StationClient
  {
    var settings = StationClientSettings(
      id: "substation", endpoints: [endpoint], tls: folder.files, commonAddresses: [47], startup: [],
      reconnectMinimumMilliseconds: 20, reconnectMaximumMilliseconds: 100)
    change(&settings)
    let client = try StationClient(settings, group: MultiThreadedEventLoopGroup.singleton, delegate: recorder)
    recorder.state.withLock { $0.client = client }
    return client
  }

  /// The first reason for a connection that is not there.
  func firstReason(_ context: NIOSSLContext, _ change: (inout StationClientSettings) -> Void = { _ in }) async throws
    -> String
  {
    let station = try await TestStation(tls: context)
    station.state.withLock { $0.toSend = [1] }
    let client = try client(station.endpoint, change)
    client.start()
    try await recorder.wait(for: "a reason, or data") { !$0.reasons.isEmpty || $0.count > 0 }
    await client.stop()
    await station.close()
    return recorder.now.reasons.first ?? "none"
  }

  @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
  func readsOverTLS(version: TLSVersion) async throws {
    let certificate = try PKI.issue("station", by: branch)
    let station = try await TestStation(tls: context(certificate, chain: [branch], maximum: version))
    station.state.withLock { $0.toSend = Array(1...1_000) }
    let client = try client(station.endpoint)
    client.start()
    try await recorder.wait(for: "all values") { $0.count == 1_000 }
    await client.stop()
    #expect(station.state.withLock { $0.acknowledged } == 1_000)
    #expect(recorder.now.closes == [.local])
    await station.close()
  }

  @Test func serverNameOfTheSettingsIsAskedFor() async throws {
    let certificate = try PKI.issue("station", by: branch) { $0.names = [.dnsName("north.grid.example")] }
    let server = try context(certificate, chain: [branch])
    let words = try await firstReason(server) { $0.tls?.serverName = "north.grid.example" }
    #expect(recorder.now.closes == [.local], "\(words)")
    #expect(recorder.now.count == 1)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let says: String
    var change: @Sendable (inout PKI.Traits) -> Void = { _ in }
  }

  @Test(arguments: [
    Case(testDescription: "expired", says: "certificate CN=station expired at ") { $0.notAfter = -60 },
    Case(testDescription: "not yet valid", says: "certificate CN=station is not valid before ") { $0.notBefore = 600 },
    Case(testDescription: "wrong name", says: "is for elsewhere.example, not for 127.0.0.1") {
      $0.names = [.dnsName("elsewhere.example")]
    },
  ])
  func refusedInWords(_ one: Case) async throws {
    let words = try await firstReason(context(PKI.issue("station", by: branch, one.change), chain: [branch]))
    #expect(words.hasPrefix("substation 127.0.0.1:"), "\(words)")
    #expect(words.contains(one.says), "\(words)")
    #expect(words.contains("next try in"), "\(words)")
    #expect(recorder.now.count == 0)
    #expect(!recorder.now.events.contains { if case .linkUp = $0 { true } else { false } })
  }

  @Test func revokedStationIsRefused() async throws {
    let station = try PKI.issue("station", by: branch)
    try folder.write("revocations", PKI.pem([PKI.list(of: root), PKI.list(of: branch, revoked: [station])]))
    let words = try await firstReason(context(station, chain: [branch]))
    #expect(words.contains("is revoked by CN=Grid Stations"), "\(words)")
  }

  @Test func foreignStationIsRefused() async throws {
    let foreign = try PKI.authority("Foreign Root")
    let words = try await firstReason(context(PKI.issue("station", by: foreign), chain: [foreign]))
    #expect(words.contains("which is not in \(folder.path)/authorities.pem"), "\(words)")
  }

  @Test func weakStationIsRefused() async throws {
    try folder.write("authorities", root.pem + OldCertificates.authority + "\n")
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(OldCertificates.rsa1024.utf8)).map {
        .certificate($0)
      },
      privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(OldCertificates.rsa1024Key.utf8), format: .pem)))
    configuration.certificateVerification = .none
    let words = try await firstReason(NIOSSLContext(configuration: configuration))
    #expect(words.contains("CN=rsa-1024 has an RSA key of 1024 bit"), "\(words)")
  }

  /// The server wants an authority that did not issue our certificate.
  @Test(arguments: [TLSVersion.tlsv12, .tlsv13])
  func stationThatRefusesThisGatewayIsNamed(version: TLSVersion) async throws {
    let other = try PKI.authority("Other Root")
    let server = try context(
      PKI.issue("station", by: branch), chain: [branch], believes: other, maximum: version)
    let words = try await firstReason(server)
    #expect(words.contains("the station refused the TLS connection: it "), "\(words)")
    #expect(recorder.now.count == 0)
  }

  @Test func stationWithOldTLSOnlyIsRefused() async throws {
    let server = try context(PKI.issue("station", by: branch), chain: [branch], maximum: .tlsv11)
    let words = try await firstReason(server)
    #expect(words.contains("TLS"), "\(words)")
    #expect(words.contains("1.2"), "\(words)")
  }

  @Test func plainStationOnThePortOfTLSIsNamed() async throws {
    let station = try await TestStation { channel, bytes in
      if !bytes.isEmpty { channel.writeAndFlush(ByteBuffer(bytes: Frames.testActivation), promise: nil) }
    }
    let client = try client(station.endpoint)
    client.start()
    try await recorder.wait(for: "a reason") { !$0.reasons.isEmpty }
    await client.stop()
    #expect(recorder.now.reasons[0].contains("does not speak TLS there"), "\(recorder.now.reasons[0])")
    await station.close()
  }

  /// A port that takes connections and says nothing.
  @Test func handshakeThatDoesNotEndIsCutAfterT0() async throws {
    let station = try await TestStation { _, _ in }
    let client = try client(station.endpoint) { $0.session.t0Milliseconds = 200 }
    client.start()
    // On a busy machine a try may not come as far as the handshake; one of the next does.
    try await recorder.wait(for: "the words") {
      $0.reasons.contains { $0.contains("the TLS handshake did not end within t0 (200 ms)") }
    }
    await client.stop()
    await station.close()
  }

  /// This client has a certificate always; that the tests' server demands one is what the tests above rest on.
  @Test func serverOfTheseTestsTakesNobodyWithoutACertificate() async throws {
    let station = try await TestStation(tls: context(PKI.issue("station", by: branch), chain: [branch]))
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateVerification = .none
    let tls = try NIOSSLContext(configuration: configuration)
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil))
        }
      }
      .connect(host: "127.0.0.1", port: Int(station.port)).get()
    channel.writeAndFlush(ByteBuffer(bytes: Frames.startActivation), promise: nil)
    try await channel.closeFuture.get()
    #expect(station.state.withLock { $0.stops } == 0)
    await station.close()
  }

  @Test func filesThatAreMissingAreNamedAndReadWhenTheyCome() async throws {
    let station = try await TestStation(tls: context(PKI.issue("station", by: branch), chain: [branch]))
    station.state.withLock { $0.toSend = [1] }
    let key = "\(folder.path)/key.pem"
    unlink(key)
    let client = try client(station.endpoint)
    client.start()
    try await recorder.wait(for: "two reasons") { $0.reasons.count >= 2 }
    #expect(recorder.now.reasons[0].contains("\(key) cannot be read: No such file or directory"))
    try folder.write("key", gateway.keyPEM)
    try await recorder.wait(for: "a value") { $0.count == 1 }
    await client.stop()
    await station.close()
  }

  /// Certificates are looked at again while a connection stands.
  @Test func stationRevokedDuringAConnectionIsCutOff() async throws {
    let certificate = try PKI.issue("station", by: branch)
    let station = try await TestStation(tls: context(certificate, chain: [branch]))
    let client = try client(station.endpoint)
    client.start()
    try await recorder.wait(for: "start") { !$0.started.isEmpty }
    let check = { @Sendable in
      try await client.core.eventLoop.submit { client.core.value.checkCertificates(client.core.value.links[0]) }.get()
    }
    try await check()
    // Unreadable files are told, and what was read before holds.
    try folder.write("revocations", "nothing")
    try await check()
    try await recorder.wait(for: "the words") { _ in
      client.status.links[0].lastError?.contains("revocations.pem has no revocation list in PEM") == true
    }
    #expect(recorder.now.closes.isEmpty)
    try folder.write("revocations", PKI.pem([PKI.list(of: root), PKI.list(of: branch, revoked: [certificate])]))
    try await check()
    try await recorder.wait(for: "the end") { !$0.closes.isEmpty }
    #expect(recorder.now.closes[0].description.contains("is revoked by CN=Grid Stations"), "\(recorder.now.closes)")
    await client.stop()
    await station.close()
  }
}
