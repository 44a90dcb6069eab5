import Proof

/// What `SegmentReader.verify` found.
public struct Verification: Sendable {
  /// One of the days of the file.
  public struct Segment: Sendable {
    public let name: String
    public let leaves: Int
    public let rows: Int
    /// Of the hashes of its chunks as they are. Equal to the manifest's: they are those of the manifest.
    public let root: Digest
    /// What the file says of each source that day. The chunks do not prove it: the manifest does, where it says the same.
    public let sources: [SourceSummary]
  }

  /// Those of which every chunk was there.
  public let segments: [Segment]
  /// None: the file is sound in itself. At most `SegmentReader.faultLimit`.
  public let faults: [SegmentFault]
  /// Octets that were hashed.
  public let octets: Int
}

extension SegmentReader {
  /// After so many faults the file is not read further.
  public static let faultLimit = 100

  /// Reads the whole file and hashes each chunk, so that each changed bit is found.
  ///
  /// - Parameter progress: is told how many octets were read, about a mebibyte each time. It may take its time; what it throws
  ///   ends it.
  public func verify(progress: @escaping (_ octets: Int) throws -> Void = { _ in }) throws -> Verification {
    let pass = VerifyPass(self, progress)
    try pass.run()
    return Verification(segments: pass.segments, faults: pass.faults, octets: pass.octets)
  }

  /// Hashes of all chunks of a day, in their order: for audit paths.
  public func digests(of segment: String) throws -> [Digest] {
    guard let ordinal = segments.firstIndex(where: { $0.name == segment }) else { return [] }
    let stream = ChunkStream(storage, end: trailer.indexes, octets: 1 << 20) { _ in }
    var runs = LeafRuns()
    for place in directory.sources.indices {
      let chunks = try open(place)
      guard let day = chunks.index.days.firstIndex(where: { $0.segment == ordinal }) else { continue }
      var digests: [Digest] = []
      for chunk in chunks.index.chunks where Int(chunk.day) == day {
        digests.append(
          try stream.withOctets(at: chunk.offset, count: chunk.length) { try chunks.checkedDigest(chunk, $0) })
      }
      runs.add(digests, firstLeaf: chunks.index.days[day].firstLeaf)
    }
    guard let leaves = runs.leaves(segments[ordinal].leaves) else {
      throw SegmentFault(storage.name, "segment \(segment) does not have each leaf once")
    }
    return leaves
  }

  /// The chunks of a source of a day, in the order of leaves.
  public func leaves(of source: String, in segment: String) throws(SegmentFault) -> [Leaf] {
    guard let chunks = try open(source),
      let day = chunks.index.days.firstIndex(where: { segments[$0.segment].name == segment })
    else { return [] }
    var leaves: [Leaf] = []
    for chunk in chunks.index.chunks where Int(chunk.day) == day {
      let octets = try storage.read(at: chunk.offset, count: chunk.length)
      let digest = try octets.withOctets { octets throws(SegmentFault) in
        try chunks.checkedDigest(chunk, octets)
      }
      let header = LeafHeader(
        site: site, segment: segment, leaf: chunk.leaf, source: source, group: "\(chunk.group)",
        column: chunks.index.labels[Int(chunk.label)].text, rows: chunks.index.rows(of: chunk), bytes: chunk.length)
      leaves.append(Leaf(header: header, chunk: octets, digest: digest))
    }
    return leaves
  }
}

/// A chunk with what is hashed in front of it.
public struct Leaf: Sendable {
  public let header: LeafHeader
  public let chunk: [UInt8]
  public let digest: Digest
}

extension SourceChunks {
  func checkedDigest(_ chunk: SourceIndex.Chunk, _ octets: UnsafeRawBufferPointer) throws(SegmentFault) -> Digest {
    let digest = digest(chunk, octets)
    guard digest.head == chunk.check else { throw fault(chunk, "is damaged") }
    return digest
  }
}

/// One reading of a whole file.
private final class VerifyPass {
  private(set) var segments: [Verification.Segment] = []
  private(set) var faults: [SegmentFault] = []
  private(set) var octets = 0
  private let reader: SegmentReader
  private let progress: (Int) throws -> Void
  private var runs: [LeafRuns]
  private var sources: [[SourceSummary]]

  init(_ reader: SegmentReader, _ progress: @escaping (Int) throws -> Void) {
    self.reader = reader
    self.progress = progress
    runs = Array(repeating: LeafRuns(), count: reader.segments.count)
    sources = Array(repeating: [], count: reader.segments.count)
  }

  func run() throws {
    try keepFault { try checkHead() }
    try keepFault { try checkTail() }
    let stream = ChunkStream(reader.storage, end: reader.trailer.indexes, octets: 1 << 20) { [self] in try read($0) }
    for place in reader.directory.sources.indices where faults.count < SegmentReader.faultLimit {
      try keepFault { try check(place, stream) }
    }
    guard faults.count < SegmentReader.faultLimit else { return }
    for ordinal in reader.segments.indices { try keepFault { try checkSegment(ordinal) } }
  }

  private func read(_ count: Int) throws {
    octets += count
    try progress(count)
  }

  /// What `progress` throws goes on.
  private func keepFault(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let fault as SegmentFault {
      faults.append(fault)
    }
  }

  private func checkHead() throws(SegmentFault) {
    guard try reader.storage.read(at: 0, count: Trailer.headCount) == Trailer.magic else {
      throw SegmentFault(reader.path, at: 0, "does not begin like a segment")
    }
  }

  /// Everything from the indexes on has a hash of its own.
  private func checkTail() throws {
    let end = reader.storage.count - Digest.byteCount
    let stream = ChunkStream(reader.storage, end: end, octets: 1 << 20) { [self] in try read($0) }
    var hash = StreamingHash()
    var place = reader.trailer.indexes
    while place < end {
      let count = min(1 << 20, end - place)
      try stream.withOctets(at: place, count: count) { hash.update($0) }
      place += count
    }
    guard try reader.storage.read(at: end, count: Digest.byteCount) == hash.finish().bytes else {
      throw SegmentFault(reader.path, at: reader.trailer.indexes, "indexes, directory or trailer are damaged")
    }
  }

  private func check(_ place: Int, _ stream: ChunkStream) throws {
    let chunks = try reader.open(place)
    let index = chunks.index
    var digests = index.days.indices.map { index.leaves(of: $0) }.map { count in
      var digests: [Digest] = []
      digests.reserveCapacity(count)
      return digests
    }
    for chunk in index.chunks {
      let digest = try stream.withOctets(at: chunk.offset, count: chunk.length) { chunks.digest(chunk, $0) }
      digests[Int(chunk.day)].append(digest)
      guard digest.head != chunk.check else { continue }
      faults.append(chunks.fault(chunk, "is damaged"))
      if faults.count >= SegmentReader.faultLimit { return }
    }
    var extent: Extent?
    for (day, digests) in zip(index.days, digests) {
      runs[day.segment].add(digests, firstLeaf: day.firstLeaf)
      let dayExtent = Extent(rows: day.rows, seqs: day.seqs, times: day.times)
      if extent == nil { extent = dayExtent } else { extent?.join(dayExtent) }
      sources[day.segment].append(
        SourceSummary(
          name: chunks.name, rows: day.rows, oddRows: day.groups.reduce(0) { $0 + (index.isOdd($1) ? $1.rows : 0) },
          seqs: day.seqs, times: day.times))
    }
    guard extent == reader.directory.sources[place].extent else {
      throw SegmentFault(
        reader.path, at: reader.indexPlaces[place], "the index of \(chunks.name) says other rows than the directory")
    }
  }

  private func checkSegment(_ ordinal: Int) throws(SegmentFault) {
    let entry = reader.segments[ordinal]
    guard let leaves = runs[ordinal].leaves(entry.leaves) else {
      throw SegmentFault(reader.path, "segment \(entry.name) does not have each of its \(entry.leaves) leaves once")
    }
    let root = MerkleTree.root(of: leaves)
    let rows = sources[ordinal].reduce(0) { $0 + $1.rows }
    segments.append(.init(name: entry.name, leaves: leaves.count, rows: rows, root: root, sources: sources[ordinal]))
    guard root == entry.root else {
      throw SegmentFault(reader.path, "segment \(entry.name): the root of its chunks is not the one in the directory")
    }
    guard rows == entry.rows else {
      throw SegmentFault(reader.path, "segment \(entry.name) has \(rows) rows, and \(entry.rows) in the directory")
    }
  }
}
