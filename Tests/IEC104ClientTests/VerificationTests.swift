import FoundationEssentials
import SwiftASN1
import Testing
import X509

@testable import IEC104Client

/// What of a station's certificate is believed, without a connection.
@Suite struct VerificationTests {
  /// What a check is made of: a chain as it comes, and what the gateway knows.
  struct Check {
    let root: Identity
    let intermediate: Identity
    var authorities: [Certificate]
    var lists: [[UInt8]]?
    var name = "substation.example"
    var now = Date()

    init() throws {
      root = try PKI.authority("Grid Root")
      intermediate = try PKI.authority("Grid Stations", by: root)
      authorities = [root.certificate]
    }

    func verify(_ presented: [Identity]) async throws -> String? {
      try await verify(presented.map { try $0.der })
    }

    /// Nil where it is believed, else the words.
    func verify(_ presented: [[UInt8]]) async throws -> String? {
      let lists = try lists?.map { try RevocationList(der: $0) }
      let own = try PKI.issue("meterd", by: root)
      let texts = [
        "c": try own.pem, "k": own.keyPEM,
        "a": try authorities.map { try $0.serializeAsPEM().pemString + "\n" }.joined(),
        "r": self.lists.map { PKI.pem($0) } ?? "",
      ]
      let files = TLSFiles(certificate: "c", key: "k", authorities: "a", revocations: lists == nil ? nil : "r")
      let material = try TLSMaterial(files) { path in texts[path] ?? "" }
      let now = now
      let verification = StationVerification(material: material, name: name, now: { now })
      do {
        let chain = try await verification.verify(presented)
        #expect(verification.refusal(of: chain) == nil)
        return nil
      } catch {
        return error.description
      }
    }
  }

  @Test func stationBehindAnIntermediateAuthorityIsBelieved() async throws {
    let check = try Check()
    let station = try PKI.issue("station", by: check.intermediate)
    #expect(try await check.verify([station, check.intermediate]) == nil)
  }

  @Test func missingIntermediateIsNamed() async throws {
    let check = try Check()
    let station = try PKI.issue("station", by: check.intermediate)
    let words = try #require(try await check.verify([station]))
    #expect(words.contains("CN=station was issued by CN=Grid Stations, which is not in a"), "\(words)")
  }

  /// Bug: a device's certificate of version 1, which says nothing of authorities, could issue others.
  @Test func deviceOfVersion1IssuesNothing() async throws {
    let check = try Check()
    let device = try PKI.issue("device", by: check.root) { $0.isVersion1 = true }
    let station = try PKI.issue("station", by: device)
    let words = try #require(try await check.verify([station, device]))
    #expect(words.contains("CN=device is not one of an authority"), "\(words)")
  }

  @Test func foreignAuthorityIsRefused() async throws {
    let check = try Check()
    let foreign = try PKI.authority("Foreign Root")
    let words = try #require(try await check.verify([try PKI.issue("station", by: foreign), foreign]))
    #expect(words.contains("was issued by CN=Foreign Root, which is not in a"), "\(words)")
  }

  @Test func authorityOfTheSameNameWithAnotherKeyIsRefused() async throws {
    let check = try Check()
    let impostor = try PKI.authority("Grid Root")
    let words = try #require(try await check.verify([try PKI.issue("station", by: impostor)]))
    #expect(words.contains("with another key than that of a"), "\(words)")
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let says: String?
    var name = "substation.example"
    var change: @Sendable (inout PKI.Traits) -> Void = { _ in }
  }

  @Test(arguments: [
    Case(testDescription: "expired", says: "CN=station expired at ") { $0.notAfter = -60 },
    Case(testDescription: "not yet valid", says: "CN=station is not valid before ") { $0.notBefore = 600 },
    Case(testDescription: "wrong name", says: "is for substation.example, 127.0.0.1, not for other", name: "other"),
    Case(testDescription: "in capitals", says: nil, name: "SUBSTATION.example."),
    Case(testDescription: "by address", says: nil, name: "127.0.0.1"),
    Case(testDescription: "other address", says: "not for 127.0.0.2", name: "127.0.0.2"),
    Case(testDescription: "IPv6 address", says: nil, name: "0:0::1") {
      $0.names = [.ipAddress(ASN1OctetString(contentBytes: [UInt8](repeating: 0, count: 15) + [1]))]
    },
    Case(testDescription: "common name where there is no alternative name", says: nil, name: "Station") {
      $0.names = nil
    },
    Case(
      testDescription: "common name does not count beside alternative names", says: "not for station", name: "station"),
    Case(testDescription: "no name at all", says: "is for no name, not for", name: "substation.example") {
      $0.names = [.rfc822Name("a@b.example")]
    },
    Case(testDescription: "wildcard", says: nil, name: "a.grid.example") { $0.names = [.dnsName("*.grid.example")] },
    Case(testDescription: "wildcard over two labels", says: "not for a.b.grid.example", name: "a.b.grid.example") {
      $0.names = [.dnsName("*.grid.example")]
    },
    Case(testDescription: "wildcard for a domain", says: "not for grid.example", name: "grid.example") {
      $0.names = [.dnsName("*.example")]
    },
    Case(testDescription: "client only", says: "is not for a server") { $0.usages = [.clientAuth] },
    Case(testDescription: "no purpose named", says: nil) { $0.usages = nil },
    Case(testDescription: "unknown critical extension", says: "critical extension 1.2.3.4") {
      $0.extra = Certificate.Extension(oid: [1, 2, 3, 4], critical: true, value: [5, 0])
    },
    Case(testDescription: "unknown extension", says: nil) {
      $0.extra = Certificate.Extension(oid: [1, 2, 3, 4], critical: false, value: [5, 0])
    },
  ])
  func stationCertificate(_ one: Case) async throws {
    var check = try Check()
    check.name = one.name
    let station = try PKI.issue("station", by: check.root, one.change)
    let words = try await check.verify([station])
    guard let says = one.says else { return #expect(words == nil) }
    #expect(words?.contains(says) == true, "\(words ?? "believed")")
  }

  /// `*.example` must not stand for a whole top-level domain.
  @Test func wildcardOfOneLabelIsNoName() async throws {
    var check = try Check()
    check.name = "grid.example"
    let station = try PKI.issue("station", by: check.root) { $0.names = [.dnsName("*.example")] }
    #expect(try await check.verify([station]) != nil)
  }

  @Test(arguments: [
    Case(testDescription: "expired", says: "CN=Branch expired at") { $0.notAfter = -60 },
    Case(testDescription: "no authority", says: "CN=Branch is not one of an authority") { $0.isAuthority = false },
    Case(testDescription: "may not issue", says: "CN=Branch may not issue others") {
      $0.keyUsage = KeyUsage(digitalSignature: true, cRLSign: true)
    },
    Case(testDescription: "may issue", says: nil) { $0.keyUsage = KeyUsage(keyCertSign: true, cRLSign: true) },
  ])
  func intermediateAuthority(_ one: Case) async throws {
    let check = try Check()
    let branch = try PKI.authority("Branch", by: check.root, one.change)
    let words = try await check.verify([try PKI.issue("station", by: branch), branch])
    guard let says = one.says else { return #expect(words == nil) }
    #expect(words?.contains(says) == true, "\(words ?? "believed")")
  }

  /// A certificate of its own in the authorities is no way around the rules.
  @Test func selfSignedStationAmongTheAuthoritiesMustBeAnAuthority() async throws {
    var check = try Check()
    let station = try PKI.issue("station", by: nil)
    check.authorities.append(station.certificate)
    #expect(try await check.verify([station]) != nil)
  }

  /// The paths through certificates that sign each other grow like the factorial of their number.
  @Test func manyCertificatesAreNotLookedAt() async throws {
    let check = try Check()
    let station = try PKI.issue("station", by: check.root)
    let words = try #require(try await check.verify(Array(repeating: station, count: 7)))
    #expect(words.contains("presented 7 certificates"), "\(words)")
    #expect(try await check.verify([[UInt8]]())?.contains("no certificate") == true)
    #expect(try await check.verify([[0x30, 0x82, 0xFF]])?.contains("cannot be read") == true)
  }

  @Test(
    arguments: [
      (OldCertificates.good, nil),
      (OldCertificates.rsa1024, "CN=rsa-1024 has an RSA key of 1024 bit"),
      (OldCertificates.sha1, "CN=sha1 is signed with SHA-1, which can be forged"),
      (OldCertificates.md5, "CN=md5 is signed with MD5, which can be forged"),
      (OldCertificates.brainpool, "CN=brainpool has a key on the curve brainpoolP256r1"),
      (OldCertificates.p224, "CN=p224 has a key on the curve P-224"),
      (OldCertificates.pss, "CN=pss is signed with RSASSA-PSS, not known here"),
    ] as [(String, String?)])
  func weakCertificate(pem: String, says: String?) async throws {
    var check = try Check()
    check.authorities.append(try Certificate(pemEncoded: OldCertificates.authority))
    check.name = "127.0.0.1"
    check.now = Date()
    let words = try await check.verify([try PEMDocument(pemString: pem).derBytes])
    guard let says else { return #expect(words == nil) }
    #expect(words?.contains(says) == true, "\(words ?? "believed")")
  }
}
