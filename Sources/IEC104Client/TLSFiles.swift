/// The PEM files of one station's TLS (IEC 62351-3: mutual authentication). They are read at each new connection if
/// they changed since.
public struct TLSFiles: Hashable, Sendable {
  /// Path of our certificate, followed by the intermediate ones up to the authority.
  public var certificate: String
  /// Path of its private key, not encrypted.
  public var key: String
  /// Path of the certificates that are believed: roots, also several.
  public var authorities: String
  /// Path of certificate revocation lists; where it is given, each authority of a chain must have one that is valid
  /// now.
  public var revocations: String?
  /// Name that the station's certificate must bear; nil: the host of the endpoint.
  public var serverName: String?

  public init(
    certificate: String, key: String, authorities: String, revocations: String? = nil, serverName: String? = nil
  ) {
    self.certificate = certificate
    self.key = key
    self.authorities = authorities
    self.revocations = revocations
    self.serverName = serverName
  }
}
