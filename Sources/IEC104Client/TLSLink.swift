import NIOCore
import NIOSSL
import Synchronization
import X509

/// TLS of one connection: its handler, and what came of the verification.
final class TLSLink: Sendable {
  private let verification: StationVerification
  private let outcome = Mutex<Result<[Certificate], TLSRefusal>?>(nil)

  /// - Throws: where our own certificate does not hold now.
  init(_ verification: StationVerification) throws(TLSRefusal) {
    self.verification = verification
    if let refusal = verification.material.ownRefusal(now: verification.now()) { throw refusal }
  }

  func makeHandler() throws -> NIOSSLClientHandler {
    let callback: NIOSSLCustomVerificationCallback = { presented, promise in
      // One that cannot be had must not let the next take its place: empty is no certificate.
      let presented = presented.map { (try? $0.toDERBytes()) ?? [] }
      Task { [self] in
        do throws(TLSRefusal) {
          let chain = try await verification.verify(presented)
          outcome.withLock { $0 = .success(chain) }
          promise.succeed(.certificateVerified)
        } catch {
          outcome.withLock { $0 = .failure(error) }
          promise.succeed(.failed)
        }
      }
    }
    let context = verification.material.context
    let name = verification.name
    // Addresses may not be in SNI (RFC 6066 clause 3), nor what is no name of DNS.
    if CertificateName.address(name) == nil,
      let handler = try? NIOSSLClientHandler(
        context: context, serverHostname: name, customVerificationCallback: callback)
    {
      return handler
    }
    return try NIOSSLClientHandler(context: context, serverHostname: nil, customVerificationCallback: callback)
  }

  /// Why the station was not believed.
  var refusal: TLSRefusal? {
    guard case .failure(let refusal)? = outcome.withLock({ $0 }) else { return nil }
    return refusal
  }

  /// Whether the station is still believed. Blocks in reading files.
  ///
  /// - Parameter unreadable: what is wrong with the files; those read before are used then.
  func check(_ source: TLSSource, unreadable: inout TLSRefusal?) -> TLSRefusal? {
    guard case .success(let chain)? = outcome.withLock({ $0 }) else { return nil }
    var current = verification
    do throws(TLSRefusal) {
      current = StationVerification(material: try source.load(), name: verification.name, now: verification.now)
    } catch {
      unreadable = error
    }
    return current.refusal(of: chain)
  }
}
