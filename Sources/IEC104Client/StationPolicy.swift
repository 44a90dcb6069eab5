import FoundationEssentials
import SwiftASN1
import X509

/// What each certificate of a chain must be for a station to be believed: validity, key, signature, purpose, name, not
/// revoked. Path building, signatures and name constraints are swift-certificates' business.
struct StationPolicy: VerifierPolicy, Sendable {
  /// Name or address that the station's certificate must bear.
  let name: String
  /// Nil: no lists are configured, nothing is asked about revocation.
  let revocations: [RevocationList]?
  let now: Date

  /// The critical extensions that are understood. Certificate policies: none is asked for, so any will do (RFC 5280
  /// clause 6.1.1 (e)).
  let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
    .X509ExtensionID.basicConstraints, .X509ExtensionID.keyUsage, .X509ExtensionID.nameConstraints,
    .X509ExtensionID.subjectAlternativeName, .X509ExtensionID.extendedKeyUsage, [2, 5, 29, 32],
  ]

  func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) -> PolicyEvaluationResult {
    if let refusal = refusal(of: Array(chain)) { return .failsToMeetPolicy(reason: refusal.description) }
    return RFC5280Policy().chainMeetsPolicyRequirements(chain: chain)
  }

  /// - Parameter chain: from the station's certificate to an authority, signatures verified.
  func refusal(of chain: [Certificate]) -> TLSRefusal? {
    do {
      for (place, certificate) in chain.enumerated() {
        try checkAlone(certificate, isRoot: place == chain.count - 1)
        if place > 0 { try checkIssuer(certificate, isRoot: place == chain.count - 1) }
      }
      guard let station = chain.first else { throw TLSRefusal("the station presented no certificate") }
      try checkPurpose(station)
      try CertificateName(station).check(name)
      if let revocations {
        for (certificate, issuer) in zip(chain, chain.dropFirst()) {
          try revocations.check(certificate, issuer: issuer, now: now)
        }
      }
      return nil
    } catch let refusal as TLSRefusal {
      return refusal
    } catch {
      return TLSRefusal("a certificate of the station cannot be read: \(error)")
    }
  }

  func checkAlone(_ certificate: Certificate, isRoot: Bool) throws {
    let outline = try CertificateOutline(certificate)
    let subject = "certificate \(outline.subject)"
    if let weakness = outline.keyWeakness {
      throw TLSRefusal("\(subject) \(weakness): have one issued with \(CertificateOutline.acceptedKeys)")
    }
    // Nobody relies on what a root says of itself.
    if !isRoot, let weakness = outline.signatureWeakness {
      throw TLSRefusal("\(subject) \(weakness): have it issued with SHA-256 or better")
    }
    if now < certificate.notValidBefore {
      let time = certificate.notValidBefore.ISO8601Format()
      throw TLSRefusal("\(subject) is not valid before \(time): check the clock of this computer, and the certificate")
    }
    if now > certificate.notValidAfter {
      throw TLSRefusal("\(subject) expired at \(certificate.notValidAfter.ISO8601Format()): have it renewed")
    }
  }

  private func checkIssuer(_ certificate: Certificate, isRoot: Bool) throws {
    // Version 1 has no extensions. Whoever believes such a root said so; any other could be a device's, issued without thought.
    if isRoot, certificate.version == .v1 { return }
    guard case .isCertificateAuthority? = try certificate.extensions.basicConstraints else {
      throw TLSRefusal("certificate \(certificate.subject) is not one of an authority, but issued another")
    }
    if let usage = try certificate.extensions.keyUsage, !usage.keyCertSign {
      throw TLSRefusal("certificate \(certificate.subject) may not issue others (key usage), but did")
    }
  }

  /// Else whoever has a certificate of a client could pose as a station.
  private func checkPurpose(_ certificate: Certificate) throws {
    guard let usage = try certificate.extensions.extendedKeyUsage else { return }
    if usage.contains(.serverAuth) || usage.contains(.any) { return }
    throw TLSRefusal(
      "certificate \(certificate.subject) is not for a server (extended key usage): have it issued with serverAuth")
  }
}

extension [RevocationList] {
  /// RFC 5280 clause 6.3.3, for full lists of the issuer itself. Each issuer must have a list that holds now.
  func check(_ certificate: Certificate, issuer: Certificate, now: Date) throws {
    let named = filter { $0.issuer == issuer.subject }
    guard !named.isEmpty else {
      throw TLSRefusal(
        "the revocations have no list of \(issuer.subject), which issued certificate \(certificate.subject): add it")
    }
    if let usage = try issuer.extensions.keyUsage, !usage.cRLSign {
      throw TLSRefusal("certificate \(issuer.subject) may not issue revocation lists (key usage)")
    }
    let signed = named.filter { $0.isSigned(by: issuer.publicKey) }
    guard !signed.isEmpty else {
      throw TLSRefusal("the revocation list of \(issuer.subject) is not signed with its key: fetch it anew")
    }
    // A list that has run out still proves that a certificate was revoked.
    if signed.contains(where: { $0.names(certificate.serialNumber) }) {
      let number = CertificateOutline.hexadecimal(certificate.serialNumber.bytes)
      throw TLSRefusal("certificate \(certificate.subject), number \(number), is revoked by \(issuer.subject)")
    }
    if signed.contains(where: { $0.thisUpdate <= now && now <= $0.nextUpdate }) { return }
    if let newest = signed.map(\.nextUpdate).max(), newest < now {
      throw TLSRefusal("the revocation list of \(issuer.subject) ran out at \(newest.ISO8601Format()): fetch a new one")
    }
    throw TLSRefusal("the revocation list of \(issuer.subject) is of the future: check the clock of this computer")
  }
}
