import Proof

/// Writes the segment of one day. The caller chooses a name that nobody reads yet, and renames the file when it is compared.
public final class SegmentWriter {
  private let output: SegmentOutput
  private let encoder: SourceEncoder
  private let site: String
  private let segment: String
  private var leaves: [Digest] = []
  private var summaries: [SourceSummary] = []
  private var indexes = IndexList()
  private var names: Set<String> = []

  /// - Parameters:
  ///   - path: a file there is overwritten. Where `finish` is not reached it is removed.
  ///   - site, segment: 1 to 255 octets of printable ASCII without `=` and `%`.
  ///   - level: of zstd.
  public init(path: String, site: String, segment: String, level: Int = 19) throws(SegmentFault) {
    for name in [site, segment] where !Limits.isName(name) {
      throw SegmentFault(path, "'\(name)' cannot be the name of a site or a segment")
    }
    self.site = site
    self.segment = segment
    encoder = SourceEncoder(level: level)
    output = try SegmentOutput(path: path)
    try output.append(Trailer.magic)
  }

  /// Encodes and writes the rows of a source. Nothing of it is kept but hashes and the index.
  public func add(_ source: SourceBuilder) throws(SegmentFault) {
    guard source.rows > 0 else { return }
    guard Limits.isName(source.source) else {
      throw SegmentFault(output.path, "'\(source.source)' cannot be the name of a source")
    }
    guard names.insert(source.source).inserted, names.count <= Limits.sources else {
      throw SegmentFault(output.path, "source \(source.source) comes twice, or there are too many")
    }
    var encoded = encoder.encode(source, segment: 0, firstLeaf: leaves.count)
    let segmentName = Array(segment.utf8)
    let line = LeafLine(site: site, source: source.source)
    let begin = output.count
    for place in encoded.index.chunks.indices {
      let chunk = encoded.index.chunks[place]
      let range = encoded.ranges[Int(chunk.slot)]
      let digest = encoded.octets.withUnsafeBytes { octets in
        line.digest(
          segment: segmentName, leaf: chunk.leaf, group: Int(chunk.group),
          label: encoded.index.labels[Int(chunk.label)].octets, rows: encoded.index.rows(of: chunk),
          chunk: UnsafeRawBufferPointer(rebasing: octets[range]))
      }
      encoded.index.place(place, offset: output.count, length: range.count, check: digest.head)
      try encoded.octets.withOctets { octets throws(SegmentFault) in
        try output.append(UnsafeRawBufferPointer(rebasing: octets[range]))
      }
      leaves.append(digest)
    }
    guard leaves.count <= Limits.leaves else { throw SegmentFault(output.path, "too many chunks") }
    try indexes.add(
      source.source, encoded.index, octets: output.count - begin,
      Extent(rows: source.rows, seqs: source.seqs, times: source.times), to: output, encoder)
    summaries.append(
      SourceSummary(
        name: source.source, rows: source.rows, oddRows: encoded.oddRows, seqs: source.seqs, times: source.times))
  }

  /// Writes indexes and directory and syncs the file. Renaming it, and syncing its directory, is the caller's.
  public func finish() throws(SegmentFault) -> SegmentSummary {
    let rows = summaries.reduce(0) { $0 + $1.rows }
    let root = MerkleTree.root(of: leaves)
    let entry = SegmentEntry(name: segment, leaves: leaves.count, rows: rows, root: root)
    try indexes.write(to: output, site: site, segments: [entry], encoder)
    try output.finish()
    return SegmentSummary(
      site: site, segment: segment, rows: rows, octets: output.count, leaves: leaves, root: root, sources: summaries)
  }
}

/// The indexes of the sources that are in a file already, and then its end.
struct IndexList {
  private var sources: [Directory.Source] = []
  private var octets: [UInt8] = []

  mutating func add(
    _ name: String, _ index: SourceIndex, octets count: Int, _ extent: Extent, to output: SegmentOutput,
    _ encoder: SourceEncoder
  ) throws(SegmentFault) {
    let plain = index.octets
    let index = encoder.encode(plain)
    guard plain.count <= Limits.unpacked(index.count) else {
      throw SegmentFault(output.path, "\(name) has more columns and groups than an index can hold")
    }
    octets.append(contentsOf: index)
    sources.append(
      Directory.Source(
        name: name, octets: count, indexOctets: index.count, indexCheck: Digest.sha256(index).head, extent: extent))
  }

  func write(
    to output: SegmentOutput, site: String, segments: [SegmentEntry], _ encoder: SourceEncoder
  ) throws(SegmentFault) {
    let indexes = output.count
    output.beginHash()
    try output.append(octets)
    let directory = output.count
    let plain = Directory(site: site, segments: segments, sources: sources).octets
    let chunk = encoder.encode(plain)
    guard plain.count <= Limits.unpacked(chunk.count) else {
      throw SegmentFault(output.path, "more sources and days than a directory can hold")
    }
    try output.append(chunk)
    let trailer = Trailer(
      indexes: indexes, directory: directory, trailer: output.count, directoryCheck: Digest.sha256(chunk).longHead)
    try output.append(trailer.head)
    try output.append(output.endHash().bytes)
  }
}
