import FoundationEssentials
import SwiftASN1
import X509

/// A certificate revocation list: RFC 5280 clause 5. Neither NIOSSL nor swift-certificates reads them.
struct RevocationList: Sendable {
  let issuer: DistinguishedName
  let thisUpdate: Date
  let nextUpdate: Date
  /// Serial numbers without leading zeros.
  let revoked: Set<ArraySlice<UInt8>>
  private let body: ArraySlice<UInt8>
  private let signature: ASN1BitString
  private let algorithm: Certificate.SignatureAlgorithm

  /// - Throws: in words what is wrong with it, to follow the name of the file.
  init(der: [UInt8]) throws(TLSRefusal) {
    do {
      let parts = try Self.children(of: DER.parse(der))
      guard parts.count == 3 else { throw TLSRefusal("is no revocation list") }
      let kind = try SignatureKind(algorithm: parts[1])
      guard let algorithm = kind.algorithm else { throw TLSRefusal(kind.weakness ?? "has an unknown signature") }
      self.algorithm = algorithm
      signature = try ASN1BitString(derEncoded: parts[2])
      body = parts[0].encodedBytes
      var fields = try Self.children(of: parts[0])[...]
      if fields.first?.identifier == .integer { fields.removeFirst() }
      guard fields.count >= 3 else { throw TLSRefusal("is no revocation list") }
      fields.removeFirst()  // The algorithm once more.
      issuer = try DistinguishedName(derEncoded: fields.removeFirst())
      thisUpdate = try Self.time(fields.removeFirst())
      guard let node = fields.first, node.identifier == .utcTime || node.identifier == .generalizedTime else {
        throw TLSRefusal("has no next update, nobody could say how long it holds: have it issued with one")
      }
      nextUpdate = try Self.time(fields.removeFirst())
      if let node = fields.first, node.identifier == .sequence {
        revoked = try Self.entries(node)
        fields.removeFirst()
      } else {
        revoked = []
      }
      if let node = fields.first { try Self.checkExtensions(Self.children(of: node).first) }
    } catch let refusal as TLSRefusal {
      throw refusal
    } catch {
      throw TLSRefusal("is no revocation list: \(error)")
    }
  }

  func names(_ serialNumber: Certificate.SerialNumber) -> Bool { revoked.contains(serialNumber.bytes.drop { $0 == 0 }) }

  func isSigned(by key: Certificate.PublicKey) -> Bool {
    guard signature.paddingBits == 0 else { return false }
    return key.isValidSignature(signature.bytes, for: body, signatureAlgorithm: algorithm)
  }

  private static func entries(_ node: ASN1Node) throws -> Set<ArraySlice<UInt8>> {
    let entries = try children(of: node)
    var revoked = Set<ArraySlice<UInt8>>(minimumCapacity: entries.count)
    for entry in entries {
      let fields = try children(of: entry)
      guard fields.count >= 2, fields[0].identifier == .integer, case .primitive(let serial) = fields[0].content else {
        throw TLSRefusal("has an entry without a serial number")
      }
      revoked.insert(serial.drop { $0 == 0 })
      if fields.count > 2 { try checkExtensions(fields[2]) }
    }
    return revoked
  }

  /// A list with a critical extension that is not understood must not be used (RFC 5280 clause 5.2): it may be a
  /// difference to another list, or hold for a part of the certificates only.
  private static func checkExtensions(_ node: ASN1Node?) throws {
    guard let node else { return }
    for one in try DER.sequence(of: Certificate.Extension.self, identifier: .sequence, rootNode: node)
    where one.critical {
      throw TLSRefusal(
        "is a partial, delta or indirect list (critical extension \(one.oid)): use the authority's full list")
    }
  }

  private static func children(of node: ASN1Node) throws -> [ASN1Node] {
    guard case .constructed(let nodes) = node.content else { throw TLSRefusal("is no revocation list") }
    return Array(nodes)
  }

  /// RFC 5280 clause 5.1.2.4: UTCTime until 2049, GeneralizedTime from then on.
  private static func time(_ node: ASN1Node) throws -> Date {
    if node.identifier == .generalizedTime {
      let time = try GeneralizedTime(derEncoded: node)
      return date(time.year, time.month, time.day, time.hours, time.minutes, time.seconds)
    }
    let time = try UTCTime(derEncoded: node)
    return date(time.year, time.month, time.day, time.hours, time.minutes, time.seconds)
  }

  private static func date(_ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int, _ second: Int) -> Date {
    // Days since 1970-01-01, the year beginning in March so that the leap day comes last.
    let years = month > 2 ? year : year - 1
    let monthFromMarch = (month + 9) % 12
    let days = years * 365 + years / 4 - years / 100 + years / 400 + (monthFromMarch * 153 + 2) / 5 + day - 719_469
    return Date(timeIntervalSince1970: Double(days * 86_400 + hour * 3600 + minute * 60 + second))
  }
}
