import Glibc
import IEC104
import NIOCore
import NIOPosix
import NIOSSL

/// Errors of sockets and TLS in words, each a part of a sentence.
enum LinkWords {
  static func describe(_ error: any Error) -> String {
    switch error {
    case let error as TLSRefusal: error.description
    case let error as IOError: system(error.errnoCode)
    case let error as NIOConnectionError: connection(error)
    case ChannelError.connectTimeout: "no answer"
    case ChannelError.eof, ChannelError.inputClosed, NIOSSLError.uncleanShutdown: CloseReason.peerClosed.description
    case let error as SocketAddressError.UnknownHost: "the name cannot be resolved (\(error.errorDescription))"
    case NIOSSLError.handshakeFailed(let error): handshake("\(error)")
    case let error as BoringSSLError: handshake("\(error)")
    default: "\(error)"
    }
  }

  private static func system(_ code: CInt) -> String {
    let words = String(cString: strerror(code))
    return words.prefix(1).lowercased() + words.dropFirst()
  }

  private static func connection(_ error: NIOConnectionError) -> String {
    if let first = error.connectionErrors.first { return describe(first.error) }
    if let error = error.dnsAError ?? error.dnsAAAAError { return describe(error) }
    return "no answer"
  }

  /// What the station said in an alert (RFC 8446 clause 6.2), or what BoringSSL does not like.
  private static func handshake(_ text: String) -> String {
    for (alert, words) in alerts where text.contains("ALERT_\(alert)") {
      return "the station refused the TLS connection: \(words)"
    }
    if text.contains("EOF during handshake") { return "the station closed the connection during the TLS handshake" }
    if text.contains("WRONG_VERSION_NUMBER") || text.contains("INVALID_ALERT") || text.contains("HTTP_REQUEST") {
      return "the station does not speak TLS there: check the port, 19998 is that of TLS"
    }
    if text.contains("UNSUPPORTED_PROTOCOL") { return "the station offers no TLS from version 1.2 on" }
    // With TLS 1.3 a station looks at our certificate last, and mbedTLS then sends its alert under keys that are no
    // longer those of the connection.
    if text.contains("BAD_RECORD_MAC") {
      return
        "the station ended the TLS connection with a record that cannot be decrypted: most likely it does not accept this"
        + " gateway's certificate; have it, or its authority, added there"
    }
    let words = text.split { " :,[]()".contains($0) }
    guard let reason = words.first(where: { $0.contains("_") && $0.uppercased() == $0 }) else {
      return "TLS failed: \(text)"
    }
    return "TLS failed: \(reason)"
  }

  private static let alerts = [
    ("CERTIFICATE_REQUIRED", "it got no certificate of this gateway"),
    ("NO_CERTIFICATE", "it got no certificate of this gateway"),
    ("UNKNOWN_CA", "it does not know the authority of this gateway's certificate: have it added there"),
    ("CERTIFICATE_REVOKED", "it says that this gateway's certificate is revoked"),
    ("CERTIFICATE_EXPIRED", "it says that this gateway's certificate has expired: check the station's clock too"),
    ("BAD_CERTIFICATE", "it does not accept this gateway's certificate"),
    ("UNSUPPORTED_CERTIFICATE", "it does not take this kind of certificate"),
    ("CERTIFICATE_UNKNOWN", "it does not accept this gateway's certificate"),
    ("ACCESS_DENIED", "access denied"),
    ("PROTOCOL_VERSION", "no common version of TLS from 1.2 on"),
    ("HANDSHAKE_FAILURE", "no common cipher suite, or it got no certificate that it takes"),
    ("INSUFFICIENT_SECURITY", "it asks for stronger ciphers or keys"),
    ("DECRYPT_ERROR", "it could not verify this gateway's signature"),
    ("INTERNAL_ERROR", "internal error of the station"),
  ]

  /// `3rd`.
  static func ordinal(_ number: Int) -> String {
    let ending =
      switch (number % 100, number % 10) {
      case (11...13, _): "th"
      case (_, 1): "st"
      case (_, 2): "nd"
      case (_, 3): "rd"
      default: "th"
      }
    return "\(number)\(ending)"
  }

  /// `8 s`, `400 ms`.
  static func duration(milliseconds: Int64) -> String {
    milliseconds < 1000 ? "\(milliseconds) ms" : "\((milliseconds + 500) / 1000) s"
  }
}
