import FoundationEssentials
import Testing
import X509

@testable import IEC104Client

/// What is said of the gateway's own files.
@Suite struct TLSFilesTests {
  let root: Identity
  let own: Identity
  var texts: [String: String]

  init() throws {
    root = try PKI.authority("Grid Root")
    own = try PKI.issue("meterd", by: root)
    texts = [
      "certificate.pem": try own.pem, "key.pem": own.keyPEM, "authorities.pem": try root.pem,
      "revocations.pem": PKI.pem([try PKI.list(of: root)]),
    ]
  }

  private func load(_ texts: [String: String]) throws -> TLSMaterial {
    let files = TLSFiles(
      certificate: "certificate.pem", key: "key.pem", authorities: "authorities.pem", revocations: "revocations.pem")
    return try TLSMaterial(files) { path throws(TLSRefusal) in texts[path] ?? "" }
  }

  @Test func goodFilesAreRead() throws {
    let material = try load(texts)
    #expect(material.own.count == 1)
    #expect(material.authorities == [root.certificate])
    #expect(material.revocations?.count == 1)
    #expect(material.ownRefusal(now: Date()) == nil)
  }

  /// Text around the blocks, carriage returns and several blocks are usual.
  @Test func textAroundTheBlocksDoesNotMatter() throws {
    var texts = texts
    texts["authorities.pem"] = try "Certificate:\n  Data:\n" + root.pem + "\nsubject=CN = Other\n" + own.pem
    texts["certificate.pem"] = try own.pem.split(separator: "\n").joined(separator: "\r\n") + "\r\n" + root.pem
    let material = try load(texts)
    #expect(material.authorities.count == 2)
    #expect(material.own.count == 2)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let file: String
    let text: String
    let says: String
  }

  @Test(arguments: [
    Case(
      testDescription: "no certificate", file: "certificate.pem", text: "",
      says: "certificate.pem has no certificate in PEM"),
    Case(testDescription: "no key", file: "key.pem", text: "", says: "key.pem has no private key in PEM"),
    Case(
      testDescription: "no authority", file: "authorities.pem", text: "x", says: "authorities.pem has no certificate"),
    Case(
      testDescription: "no list", file: "revocations.pem", text: OldCertificates.good,
      says: "revocations.pem has no revocation list in PEM"),
    Case(
      testDescription: "half a block", file: "authorities.pem", text: String(OldCertificates.good.prefix(200)),
      says: "authorities.pem is not whole PEM"),
    Case(
      testDescription: "weak authority", file: "authorities.pem", text: OldCertificates.rsa1024,
      says: "authorities.pem: certificate CN=rsa-1024 has an RSA key of 1024 bit"),
    Case(
      testDescription: "another certificate", file: "certificate.pem", text: OldCertificates.good,
      says: "the key of key.pem does not belong to certificate CN=good"),
    Case(
      testDescription: "encrypted key", file: "key.pem",
      text: "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n",
      says: "key.pem is an encrypted key"),
    Case(
      testDescription: "unknown key", file: "key.pem",
      text: "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
      says: "key.pem: this kind of key is not known"),
    Case(
      testDescription: "list of nonsense", file: "revocations.pem",
      text: "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n",
      says: "revocations.pem: list 1 is no revocation list"),
  ])
  func badFileIsNamed(_ one: Case) throws {
    var texts = texts
    texts[one.file] = one.text + "\n"
    let refusal = #expect(throws: TLSRefusal.self) { try load(texts) }
    #expect(refusal?.description.hasPrefix(one.says) == true || refusal?.description.contains(one.says) == true)
  }

  @Test func ownCertificateThatExpiredIsNamedBeforeTheStationRefusesIt() throws {
    let material = try load(texts)
    let words = try #require(material.ownRefusal(now: Date().addingTimeInterval(25 * PKI.hour))).description
    #expect(words.hasPrefix("certificate.pem: certificate CN=meterd expired at "), "\(words)")
    let early = try #require(material.ownRefusal(now: Date().addingTimeInterval(-2 * PKI.hour))).description
    #expect(early.contains("is not valid before"), "\(early)")
  }

  @Test func chainThatRanOutSinceIsRefused() async throws {
    let material = try load(texts)
    let station = try PKI.issue("station", by: root)
    let name = "substation.example"
    let chain = try await StationVerification(material: material, name: name, now: { Date() }).verify([station.der])
    let later = StationVerification(
      material: material, name: name, now: { Date().addingTimeInterval(24 * PKI.hour + 1) })
    #expect(later.refusal(of: chain)?.description.contains("expired at") == true)
    var texts = texts
    texts["authorities.pem"] = try PKI.authority("Another").pem
    let changed = StationVerification(material: try load(texts), name: name, now: { Date() })
    #expect(changed.refusal(of: chain)?.description.contains("CN=Grid Root is no longer in authorities.pem") == true)
  }
}
