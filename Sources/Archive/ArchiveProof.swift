import Files
import Glibc
import Metering
import Proof
import Segments

/// Writes what a third party needs to check one meter's day without meterd.
public struct ArchiveProof {
  private let layout: ArchiveLayout

  public init(path: String) { layout = ArchiveLayout(root: path) }

  /// - Parameters:
  ///   - day: of receipt in UTC, the name of a segment: `2026-11-21`; all its generations go along.
  ///   - directory: it is made; each generation after the first has one of its own in it.
  /// - Returns: how many files were written.
  public func export(meterID: String, day: String, to directory: String) throws -> Int {
    let store = ManifestStore(layout: layout)
    let names = try store.names().filter { $0 == day || $0.hasPrefix("\(day).") }
    if names.isEmpty {
      throw ArchiveError(
        .unreadable, "\(layout.manifests): the day \(day) is not sealed; a day is sealed when it is over, in UTC")
    }
    var count = 0
    for name in names {
      guard let (reader, source) = try reader(of: name, meterID) else { continue }
      let target = name == day ? directory : "\(directory)/\(name)"
      count += try export(name, source, reader, store, to: target)
    }
    if count == 0 { throw ArchiveError(.unreadable, "the sealed day \(day) holds nothing of '\(meterID)'") }
    return count
  }

  private func reader(of name: String, _ meterID: String) throws -> (SegmentReader, String)? {
    for file in ["\(name).mseg", "\(name.prefix(7)).mseg"] where access(layout.segment(file), F_OK) == 0 {
      let reader = try SegmentReader(path: layout.segment(file))
      guard reader.segments.contains(where: { $0.name == name }) else { continue }
      for source in ["meter:\(meterID)", "station:\(meterID)"] {
        guard reader.sources.contains(where: { $0.name == source }) else { continue }
        if try reader.days(of: source).contains(where: { $0.segment == name }) { return (reader, source) }
      }
    }
    return nil
  }

  private func export(
    _ name: String, _ source: String, _ reader: SegmentReader, _ store: ManifestStore, to directory: String
  ) throws -> Int {
    guard let bytes = try store.bytes(of: name) else { return 0 }
    let file = Manifest.fileName(name)
    var signatures: [KeyID: [UInt8]] = [:]
    for signature in try Files.names(in: layout.manifests) {
      guard let (signed, key) = KeyID.signed(by: signature), signed == file else { continue }
      signatures[key] = try Files.read("\(layout.manifests)/\(signature)", limit: 4096)
    }
    let keys = try Files.names(in: layout.keys).compactMap { key in
      try Files.read("\(layout.keys)/\(key)", limit: 65_536).map { try PublicKey(pem: $0, file: key) }
    }
    let proof = try ProofExport(
      leaves: try reader.leaves(of: source, in: name).map { ProofExport.Leaf(header: $0.header, chunk: $0.chunk) },
      digests: try reader.digests(of: name),
      manifest: SignedFile(name: file, bytes: bytes, signatures: signatures), keys: keys)
    try ArchiveLayout(root: directory).createRoot()
    for file in proof.files {
      let written = try AtomicFile(directory: directory, name: file.name)
      try written.write(file.bytes[...])
      try written.publish()
    }
    return proof.files.count
  }
}
