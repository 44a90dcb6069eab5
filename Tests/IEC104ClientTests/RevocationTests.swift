import Crypto
import FoundationEssentials
import SwiftASN1
import Testing
import X509

@testable import IEC104Client

/// Certificate revocation lists (RFC 5280 clause 5), against the chain station – Grid Stations – Grid Root.
@Suite struct RevocationTests {
  let check: VerificationTests.Check
  let station: Identity

  init() throws {
    check = try VerificationTests.Check()
    station = try PKI.issue("station", by: check.intermediate)
  }

  func verify(_ lists: [[UInt8]]) async throws -> String? {
    var check = check
    check.lists = lists
    return try await check.verify([station, check.intermediate])
  }

  @Test func listsOfBothAuthoritiesWithoutTheStationAreGood() async throws {
    let other = try PKI.issue("other", by: check.intermediate)
    let lists = [try PKI.list(of: check.root), try PKI.list(of: check.intermediate, revoked: [other])]
    #expect(try await verify(lists) == nil)
  }

  @Test func revokedStationIsRefused() async throws {
    let lists = [try PKI.list(of: check.root), try PKI.list(of: check.intermediate, revoked: [station])]
    let words = try #require(try await verify(lists))
    #expect(words.contains("CN=station, number "), "\(words)")
    #expect(words.contains("is revoked by CN=Grid Stations"), "\(words)")
  }

  @Test func revokedIntermediateIsRefused() async throws {
    let lists = [try PKI.list(of: check.root, revoked: [check.intermediate]), try PKI.list(of: check.intermediate)]
    #expect(try await verify(lists)?.contains("CN=Grid Stations, number ") == true)
  }

  @Test func listThatIsMissingForAnIssuerIsARefusal() async throws {
    let words = try #require(try await verify([try PKI.list(of: check.intermediate)]))
    #expect(words.contains("no list of CN=Grid Root, which issued certificate CN=Grid Stations"), "\(words)")
    let onlyRoot = try #require(try await verify([try PKI.list(of: check.root)]))
    #expect(onlyRoot.contains("no list of CN=Grid Stations"), "\(onlyRoot)")
  }

  @Test func listThatRanOutIsARefusal() async throws {
    let old = try PKI.list(of: check.intermediate) { $0.nextUpdate = -60 }
    let words = try #require(try await verify([try PKI.list(of: check.root), old]))
    #expect(words.contains("the revocation list of CN=Grid Stations ran out at"), "\(words)")
    let renewed = [try PKI.list(of: check.root), old, try PKI.list(of: check.intermediate)]
    #expect(try await verify(renewed) == nil)
  }

  /// What was revoked stays revoked, also where the list that says so ran out.
  @Test func listThatRanOutStillRevokes() async throws {
    let old = try PKI.list(of: check.intermediate, revoked: [station]) { $0.nextUpdate = -60 }
    let lists = [try PKI.list(of: check.root), old, try PKI.list(of: check.intermediate)]
    #expect(try await verify(lists)?.contains("is revoked") == true)
  }

  @Test func listOfTheFutureIsARefusal() async throws {
    let early = try PKI.list(of: check.intermediate) { $0.thisUpdate = 600 }
    #expect(try await verify([try PKI.list(of: check.root), early])?.contains("is of the future") == true)
  }

  @Test func listOfAnotherSignerIsARefusal() async throws {
    let forged = try PKI.list(of: check.intermediate) { $0.signer = P256.Signing.PrivateKey() }
    let words = try #require(try await verify([try PKI.list(of: check.root), forged]))
    #expect(words.contains("the revocation list of CN=Grid Stations is not signed with its key"), "\(words)")
  }

  /// A forged list that revokes must not keep a good station out, nor a forged empty one let a revoked one in.
  @Test func forgedListBesideAGoodOneChangesNothing() async throws {
    let key = P256.Signing.PrivateKey()
    let root = try PKI.list(of: check.root)
    let forgedRevoking = try PKI.list(of: check.intermediate, revoked: [station]) { $0.signer = key }
    #expect(try await verify([root, forgedRevoking, try PKI.list(of: check.intermediate)]) == nil)
    let forgedEmpty = try PKI.list(of: check.intermediate) { $0.signer = key }
    let revoking = try PKI.list(of: check.intermediate, revoked: [station])
    #expect(try await verify([root, forgedEmpty, revoking])?.contains("is revoked") == true)
  }

  @Test func oneOctetChangedIsABadSignature() async throws {
    var list = try PKI.list(of: check.intermediate, revoked: [station])
    let serial = Array(station.certificate.serialNumber.bytes)
    let place = try #require(
      list.indices.first { list[$0...].starts(with: serial) })
    list[place + serial.count - 1] ^= 1  // Another certificate would be revoked in place of this one.
    #expect(try await verify([try PKI.list(of: check.root), list])?.contains("is not signed with its key") == true)
  }

  @Test func authorityThatMayNotIssueListsIsARefusal() async throws {
    let branch = try PKI.authority("Branch", by: check.root) { $0.keyUsage = KeyUsage(keyCertSign: true) }
    var check = check
    check.lists = [try PKI.list(of: check.root), try PKI.list(of: branch)]
    let words = try await check.verify([try PKI.issue("station", by: branch), branch])
    #expect(words?.contains("CN=Branch may not issue revocation lists") == true, "\(words ?? "believed")")
  }

  struct Unusable: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let says: String
    let change: @Sendable (inout PKI.ListTraits) -> Void
  }

  @Test(arguments: [
    Unusable(testDescription: "no next update", says: "has no next update") { $0.nextUpdate = nil },
    Unusable(testDescription: "delta", says: "partial, delta or indirect") { $0.criticalExtension = [2, 5, 29, 27] },
    Unusable(testDescription: "partial", says: "partial, delta or indirect") { $0.criticalExtension = [2, 5, 29, 28] },
    Unusable(testDescription: "SHA-1", says: "is signed with SHA-1") { $0.algorithm = [1, 2, 840, 10045, 4, 1] },
  ])
  func unusableList(_ one: Unusable) throws {
    let der = try PKI.list(of: check.root, one.change)
    let refusal = #expect(throws: TLSRefusal.self) { try RevocationList(der: der) }
    #expect(refusal?.description.contains(one.says) == true, "\(refusal?.description ?? "")")
  }

  /// Lists come from other machines: none may crash.
  @Test func everyPrefixAndEveryChangedOctetIsReadOrRefused() throws {
    let der = try PKI.list(of: check.intermediate, revoked: [station]) { $0.criticalExtension = nil }
    for length in der.indices { #expect(throws: TLSRefusal.self) { try RevocationList(der: Array(der[..<length])) } }
    for place in der.indices {
      for change: UInt8 in [0x01, 0x80, 0xFF] {
        var changed = der
        changed[place] ^= change
        _ = try? RevocationList(der: changed)
        _ = try? CertificateOutline(der: changed)
      }
    }
  }

  @Test func everyChangedOctetOfACertificateIsReadOrRefused() async throws {
    let der = try station.der
    for place in der.indices {
      var changed = der
      changed[place] ^= 0x41
      // A change in the signature's own encoding aside nothing of it may be believed.
      let words = try await check.verify([changed, try check.intermediate.der])
      #expect(words != nil, "octet \(place)")
    }
  }
}
