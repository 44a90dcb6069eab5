import Foundation
import Glibc
import Proof
import Testing

/// Against the openssl of this machine, in both directions.
@Suite struct KeyTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func makesAKeyThatOnlyItsOwnerMayRead() throws {
    let path = scratch.file("signing-key.pem")
    let mask = umask(0)
    defer { umask(mask) }
    let key = try SigningKey.loadOrMake(path)
    #expect(scratch.mode("signing-key.pem") == 0o600)
    #expect(scratch.names == ["signing-key.pem"])
    let bytes = try scratch.read("signing-key.pem")
    #expect(try SigningKey.loadOrMake(path).id == key.id)
    #expect(try SigningKey.load(path).id == key.id)
    #expect(try scratch.read("signing-key.pem") == bytes)
    #expect(try SigningKey.loadOrMake(scratch.file("other.pem")).id != key.id)
  }

  @Test func opensslReadsOurKeysAndSignatures() throws {
    let path = scratch.file("key.pem")
    let key = try SigningKey.loadOrMake(path)
    let publicKey = key.publicKey
    try scratch.write(publicKey.pem.utf8, publicKey.id.fileName)
    // openssl writes both files as we do.
    #expect(
      try run(["openssl", "pkey", "-in", path]).output == String(decoding: scratch.read("key.pem"), as: UTF8.self))
    #expect(try run(["openssl", "pkey", "-in", path, "-pubout"]).output == publicKey.pem)
    let text = Array(ManifestTests.text.utf8)
    let manifest = try scratch.write(text, "m.manifest")
    let signature = try key.signature(over: text)
    #expect(signature.count == 64)
    let verify = [
      "openssl", "pkeyutl", "-verify", "-pubin", "-inkey", scratch.file(publicKey.id.fileName), "-rawin", "-in",
      manifest, "-sigfile", try scratch.write(signature, publicKey.id.signatureFileName(of: "m.manifest")),
    ]
    #expect(try run(verify).status == 0)
    try scratch.write(text.dropLast(), "m.manifest")
    #expect(try run(verify).status != 0)
    let shell = "openssl pkey -pubin -in \(scratch.file(publicKey.id.fileName)) -outform DER | sha256sum"
    let print = try run(["sh", "-c", shell]).output
    #expect(print.hasPrefix(publicKey.fingerprint.hex))
    #expect(print.hasPrefix(publicKey.id.hex))
  }

  @Test func weReadOpensslsKeysAndSignatures() throws {
    let path = scratch.file("key.pem")
    try run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path])
    chmod(path, 0o600)
    let key = try SigningKey.loadOrMake(path)
    try run(["openssl", "pkey", "-in", path, "-pubout", "-out", scratch.file("public.pem")])
    let publicKey = try PublicKey(pem: scratch.read("public.pem"), file: "public.pem")
    #expect(publicKey == key.publicKey)
    let text = Array(ManifestTests.text.utf8)
    let arguments = ["openssl", "pkeyutl", "-sign", "-inkey", path, "-rawin", "-in", try scratch.write(text, "m")]
    try run(arguments + ["-out", scratch.file("sig")])
    let signature = try scratch.read("sig")
    #expect(publicKey.isValid(signature, over: text))
    #expect(try key.signature(over: text) == signature)
    #expect(!publicKey.isValid(signature, over: text.dropLast()))
    #expect(!publicKey.isValid(signature.dropLast(), over: text))
    #expect(!publicKey.isValid(signature + [0], over: text))
    #expect(!publicKey.isValid([], over: text))
  }

  /// RFC 8032 section 7.1, test 2; its seed in the form of RFC 8410.
  @Test func vectorOfRFC8032() throws {
    let seed: [UInt8] = try #require(
      Digest(hex: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")?.bytes)
    let head = try #require(Data(base64Encoded: "MC4CAQAwBQYDK2VwBCIEIA=="))
    let pem = "-----BEGIN PRIVATE KEY-----\n\((head + seed).base64EncodedString())\n-----END PRIVATE KEY-----\n"
    let key = try SigningKey(pem: Array(pem.utf8), file: "k")
    #expect(
      Digest(bytes: key.publicKey.raw)?.hex == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    let signature = try key.signature(over: [0x72])
    #expect(
      Digest(bytes: Array(signature[..<32]))?.hex == "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da")
    #expect(
      Digest(bytes: Array(signature[32...]))?.hex == "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
  }

  @Test(arguments: [0o640, 0o604, 0o620, 0o610, 0o666]) func refusesWhatOthersMayRead(mode: UInt32) throws {
    let path = scratch.file("key.pem")
    _ = try SigningKey.loadOrMake(path)
    chmod(path, mode)
    let fault = #expect(throws: KeyFault.self) { try SigningKey.loadOrMake(path) }
    #expect(fault?.description.contains("chmod 600 \(path)") == true)
    #expect(fault?.description.contains("mode \(String(mode, radix: 8))") == true)
  }

  @Test func keepsAKeyThatCannotBeRead() throws {
    let path = try scratch.write("rubbish".utf8, "key.pem")
    chmod(path, 0o600)
    let fault = #expect(throws: KeyFault.self) { try SigningKey.loadOrMake(path) }
    #expect(fault?.description.hasPrefix(path) == true)
    #expect(try scratch.read("key.pem") == Array("rubbish".utf8))
    #expect(throws: KeyFault.self) { try SigningKey.loadOrMake(scratch.path) }
    #expect(throws: KeyFault.self) { try SigningKey.loadOrMake(scratch.file("no/such/key.pem")) }
    #expect(throws: KeyFault.self) { try SigningKey.load(scratch.file("none.pem")) }
  }

  /// Eight at once: all come back with the one key that is on disk.
  @Test func neverReplacesAKey() async throws {
    let path = scratch.file("key.pem")
    let ids = try await withThrowingTaskGroup(of: KeyID.self) { group in
      for _ in 0..<8 { group.addTask { try SigningKey.loadOrMake(path).id } }
      return try await group.reduce(into: Set<KeyID>()) { $0.insert($1) }
    }
    #expect(ids == [try SigningKey.load(path).id])
    #expect(scratch.names == ["key.pem"])
  }

  /// What turns up between looking and making stays: here a link to a file that does not exist.
  @Test func neverReplacesWhatIsThere() throws {
    let path = scratch.file("key.pem")
    symlink(scratch.file("none"), path)
    #expect(throws: KeyFault.self) { try SigningKey.loadOrMake(path) }
    var status = stat()
    #expect(lstat(path, &status) == 0)
    #expect(status.st_mode & S_IFMT == S_IFLNK)
    #expect(scratch.names == ["key.pem"])
  }

  @Test(arguments: [
    (["-algorithm", "x25519"], "not one of Ed25519"), (["-algorithm", "ed448"], "not one of Ed25519"),
    (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "not one of Ed25519"),
    (["-algorithm", "ed25519", "-aes256", "-pass", "pass:x"], "is encrypted"),
  ])
  func namesOtherKeys(arguments: [String], problem: String) throws {
    let path = scratch.file("key.pem")
    try run(["openssl", "genpkey", "-out", path] + arguments)
    chmod(path, 0o600)
    let fault = #expect(throws: KeyFault.self) { try SigningKey.load(path) }
    #expect(fault?.problem.contains(problem) == true, "\(fault?.problem ?? "")")
    let asPublic = #expect(throws: KeyFault.self) { try PublicKey(pem: scratch.read("key.pem"), file: path) }
    #expect(asPublic?.problem.contains("never to be given away") == true)
    try run(["openssl", "pkey", "-in", path, "-passin", "pass:x", "-pubout", "-out", scratch.file("public.pem")])
    if arguments[1] != "ed25519" {
      let other = #expect(throws: KeyFault.self) { try PublicKey(pem: scratch.read("public.pem"), file: path) }
      #expect(other?.problem == "is a public key, but not of Ed25519")
    }
  }

  @Test func aPublicKeyThatCameByMail() throws {
    let key = SigningKey().publicKey
    let mailed = "\n" + key.pem.replacing("\n", with: "\r\n") + "\r\n"
    #expect(try PublicKey(pem: Array(mailed.utf8), file: "k") == key)
  }

  @Test(arguments: [
    ("", "does not begin with a line"), ("-----BEGIN PUBLIC KEY-----\n", "does not begin with a line"),
    ("-----BEGIN PUBLIC KEY-----\nMC4\n-----END PRIVATE KEY-----\n", "does not end with the line"),
    ("-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----\n", "not base64"),
    ("-----BEGIN PUBLIC KEY-----\nMC4CAQAw\n-----END PUBLIC KEY-----\n", "not of Ed25519"),
    ("-----BEGIN CERTIFICATE-----\nMC4CAQAw\n-----END CERTIFICATE-----\n", "is a 'CERTIFICATE'"),
    ("-----BEGIN -----\nMC4CAQAw\n-----END -----\n", "does not begin with a line"),
    (String(repeating: "x", count: 20_000), "is not a key in PEM form"),
  ])
  func refusesPublicKey(pem: String, problem: String) {
    let fault = #expect(throws: KeyFault.self) { try PublicKey(pem: Array(pem.utf8), file: "k.pem") }
    #expect(fault?.problem.contains(problem) == true, "\(fault?.problem ?? "")")
  }

  @Test func namesOfSignatures() throws {
    let id = try #require(KeyID("0123456789abcdef"))
    #expect(id.signatureFileName(of: "2026-11-21.2.manifest") == "2026-11-21.2.manifest.0123456789abcdef.sig")
    let signed = try #require(KeyID.signed(by: "2026-11-21.2.manifest.0123456789abcdef.sig"))
    #expect(signed.file == "2026-11-21.2.manifest")
    #expect(signed.key == id)
    for name in ["2026-11-21.manifest", "x.0123456789abcde.sig", "0123456789abcdef.sig", "x.0123456789ABCDEF.sig"] {
      #expect(KeyID.signed(by: name) == nil)
    }
  }
}
