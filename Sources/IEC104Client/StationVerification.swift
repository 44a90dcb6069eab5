import FoundationEssentials
import SwiftASN1
import X509

/// Verifies what a station presents in the TLS handshake: all of it, as NIOSSL's custom callback replaces its own
/// validation.
struct StationVerification: Sendable {
  let material: TLSMaterial
  /// Name or address that the station's certificate must bear.
  let name: String
  let now: @Sendable () -> Date

  /// A station sends its certificate and few others. More would let a hostile one keep path building busy: the paths
  /// through certificates that sign each other grow like the factorial.
  static let presentedLimit = 6

  /// - Parameter presented: certificates in DER, the station's first.
  /// - Returns: the chain from the station's certificate to an authority.
  func verify(_ presented: [[UInt8]]) async throws(TLSRefusal) -> [Certificate] {
    guard let first = presented.first else { throw TLSRefusal("the station presented no certificate") }
    guard presented.count <= Self.presentedLimit else {
      throw TLSRefusal("the station presented \(presented.count) certificates; at most \(Self.presentedLimit) are read")
    }
    let station = try Self.read(first)
    // Others that cannot be read are no part of a chain; that one is missing then is said.
    let others = presented.dropFirst().compactMap { try? Self.read($0) }
    let policy = StationPolicy(name: name, revocations: material.revocations, now: now())
    let understood = policy.verifyingCriticalExtensions
    if let unknown = station.extensions.first(where: { $0.critical && !understood.contains($0.oid) }) {
      throw TLSRefusal(
        "certificate \(station.subject) has the critical extension \(unknown.oid), which is not understood here")
    }
    var verifier = Verifier(rootCertificates: CertificateStore(material.authorities)) { policy }
    switch await verifier.validate(leaf: station, intermediates: CertificateStore(others)) {
    case .validCertificate(let chain): return Array(chain)
    case .couldNotValidate(let failures):
      if let failure = failures.first { throw TLSRefusal(failure.policyFailureReason.description) }
      throw missing(station, others)
    }
  }

  /// Whether a chain that was verified still holds: nothing ran out or was revoked since.
  func refusal(of chain: [Certificate]) -> TLSRefusal? {
    if let root = chain.last, !material.authorities.contains(root) {
      return TLSRefusal("the authority \(root.subject) is no longer in \(material.files.authorities)")
    }
    return StationPolicy(name: name, revocations: material.revocations, now: now()).refusal(of: chain)
  }

  /// Why there is no chain: which certificate's issuer is missing.
  private func missing(_ station: Certificate, _ others: [Certificate]) -> TLSRefusal {
    var last = station
    for _ in others {
      guard
        let issuer = others.first(where: {
          $0.subject == last.issuer && $0 != last && $0.publicKey.isValidSignature(last.signature, for: last)
        })
      else { break }
      last = issuer
    }
    let what = "certificate \(last.subject) was issued by \(last.issuer)"
    let file = material.files.authorities
    if material.authorities.contains(where: { $0.subject == last.issuer }) {
      return TLSRefusal("\(what), but with another key than that of \(file): that authority did not sign it")
    }
    return TLSRefusal("\(what), which is not in \(file) and was not sent along: add it if it may be believed")
  }

  /// - Throws: in words also for certificates that swift-certificates does not take.
  static func read(_ der: [UInt8]) throws(TLSRefusal) -> Certificate {
    let outline: CertificateOutline
    do { outline = try CertificateOutline(der: der) } catch {
      throw TLSRefusal("a certificate cannot be read: \(error)")
    }
    if let weakness = outline.keyWeakness {
      throw TLSRefusal(
        "certificate \(outline.subject) \(weakness): have one issued with \(CertificateOutline.acceptedKeys)")
    }
    do { return try Certificate(derEncoded: der) } catch {
      let why = outline.signatureWeakness ?? "cannot be read: \(error)"
      throw TLSRefusal("certificate \(outline.subject) \(why): have it issued anew")
    }
  }
}
