import FoundationEssentials
import NIOSSL
import SwiftASN1
import X509

/// What the files of `TLSFiles` hold, checked as far as that goes without a station.
struct TLSMaterial: Sendable {
  let files: TLSFiles
  let context: NIOSSLContext
  /// Our certificate first.
  let own: [Certificate]
  let authorities: [Certificate]
  /// Nil where none are configured.
  let revocations: [RevocationList]?

  /// - Parameter contents: of a file by its path.
  init(_ files: TLSFiles, contents: (_ path: String) throws(TLSRefusal) -> String) throws(TLSRefusal) {
    self.files = files
    own = try Self.certificates(files.certificate, contents)
    authorities = try Self.certificates(files.authorities, contents)
    revocations = try files.revocations.map { path throws(TLSRefusal) in try Self.lists(path, contents) }
    let key = try Self.key(files.key, contents)
    guard let certificate = own.first else { throw TLSRefusal("\(files.certificate) has no certificate") }
    guard let publicKey = try? Certificate.PrivateKey(pemDocument: key).publicKey else {
      throw TLSRefusal("\(files.key): this kind of key is not known here: use \(CertificateOutline.acceptedKeys)")
    }
    guard publicKey == certificate.publicKey else {
      throw TLSRefusal(
        "the key of \(files.key) does not belong to certificate \(certificate.subject): replace one of them")
    }
    do {
      var configuration = TLSConfiguration.makeClientConfiguration()
      configuration.minimumTLSVersion = .tlsv12
      // IEC 62351-3 has a station renew its keys at least daily, in TLS 1.2 by renegotiation: refused, it cuts the link
      // each time. BoringSSL takes no other certificate then than that of the first handshake. Data amid a renegotiation
      // (lib60870 with mbedTLS sends them) it does not take: then the link is made anew, and nothing is lost.
      configuration.renegotiationSupport = .always
      // The name is checked with the rest, by `StationVerification`.
      configuration.certificateVerification = .noHostnameVerification
      configuration.trustRoots = .certificates([])
      configuration.certificateChain = try own.map { certificate in
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return try .certificate(NIOSSLCertificate(bytes: serializer.serializedBytes, format: .der))
      }
      configuration.privateKey = try .privateKey(NIOSSLPrivateKey(bytes: Array(key.pemString.utf8), format: .pem))
      context = try NIOSSLContext(configuration: configuration)
    } catch {
      throw TLSRefusal("\(files.certificate) and \(files.key) cannot be used for TLS: \(error)")
    }
  }

  /// Nil where our own certificate holds now. A station would refuse it in fewer words.
  func ownRefusal(now: Date) -> TLSRefusal? {
    let policy = StationPolicy(name: "", revocations: nil, now: now)
    do {
      for certificate in own { try policy.checkAlone(certificate, isRoot: certificate.subject == certificate.issuer) }
      return nil
    } catch {
      return TLSRefusal("\(files.certificate): \(error)")
    }
  }

  private static func certificates(
    _ path: String, _ contents: (String) throws(TLSRefusal) -> String
  ) throws(TLSRefusal) -> [Certificate] {
    var certificates: [Certificate] = []
    for block in try blocks(path, contents) where block.discriminator == Certificate.defaultPEMDiscriminator {
      do { certificates.append(try StationVerification.read(block.derBytes)) } catch {
        throw TLSRefusal("\(path): \(error)")
      }
    }
    guard !certificates.isEmpty else { throw TLSRefusal("\(path) has no certificate in PEM: check the path") }
    return certificates
  }

  private static func lists(
    _ path: String, _ contents: (String) throws(TLSRefusal) -> String
  ) throws(TLSRefusal) -> [RevocationList] {
    var lists: [RevocationList] = []
    for block in try blocks(path, contents) where block.discriminator == "X509 CRL" {
      do { lists.append(try RevocationList(der: block.derBytes)) } catch {
        throw TLSRefusal("\(path): list \(lists.count + 1) \(error)")
      }
    }
    guard !lists.isEmpty else { throw TLSRefusal("\(path) has no revocation list in PEM (X509 CRL): check the path") }
    return lists
  }

  private static func key(_ path: String, _ contents: (String) throws(TLSRefusal) -> String) throws(TLSRefusal)
    -> PEMDocument
  {
    let blocks = try blocks(path, contents)
    if let key = blocks.first(where: {
      ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"].contains($0.discriminator)
    }) {
      return key
    }
    let isEncrypted = blocks.contains { $0.discriminator == "ENCRYPTED PRIVATE KEY" }
    throw TLSRefusal(
      isEncrypted
        ? "\(path) is an encrypted key: store it without a passphrase, readable by meterd only"
        : "\(path) has no private key in PEM: check the path")
  }

  private static func blocks(
    _ path: String, _ contents: (String) throws(TLSRefusal) -> String
  ) throws(TLSRefusal) -> [PEMDocument] {
    let text = try contents(path)
    do { return try PEMDocument.parseMultiple(pemString: text) } catch {
      throw TLSRefusal("\(path) is not whole PEM: \(error)")
    }
  }
}
