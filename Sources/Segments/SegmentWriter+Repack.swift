import Proof

extension SegmentWriter {
  /// Writes the chunks of day files into one file, those of one column one behind the other, so that a point of a month is read
  /// at once. The chunks stay as they are, and so do their hashes.
  ///
  /// - Parameters:
  ///   - days: files of one day each, of one site, in the order that the new file is to have.
  ///   - path: as in `init`. The file is synced.
  /// - Returns: the days, with roots that were computed from what was copied: for comparing with the manifests.
  /// - Throws: where a chunk does not have the hash that its file says, or a day not the root.
  public static func repack(days: [SegmentReader], to path: String) throws(SegmentFault) -> [SegmentEntry] {
    do {
      return try RepackPass(days, path).run()
    } catch let fault as SegmentFault {
      throw fault
    } catch {
      throw SegmentFault(path, "\(error)")
    }
  }
}

/// One repacking.
private final class RepackPass {
  private let days: [SegmentReader]
  private let streams: [ChunkStream]
  private let site: String
  private let output: SegmentOutput
  private let encoder = SourceEncoder(level: 19)
  private var indexes = IndexList()
  private var runs: [LeafRuns]

  init(_ days: [SegmentReader], _ path: String) throws(SegmentFault) {
    guard let site = days.first?.site else { throw SegmentFault(path, "no days to write") }
    var names: Set<String> = []
    for day in days {
      guard day.site == site, day.segments.count == 1, names.insert(day.segments[0].name).inserted else {
        throw SegmentFault(day.path, "is not one day of site \(site), or comes twice")
      }
    }
    self.days = days
    self.site = site
    streams = days.map { ChunkStream($0.storage, end: $0.trailer.indexes, octets: 256 << 10) { _ in } }
    runs = Array(repeating: LeafRuns(), count: days.count)
    output = try SegmentOutput(path: path)
  }

  func run() throws -> [SegmentEntry] {
    try output.append(Trailer.magic)
    var sources: [String] = []
    var known: Set<String> = []
    for day in days {
      for source in day.sources where known.insert(source.name).inserted { sources.append(source.name) }
    }
    for source in sources { try copy(source) }
    var segments: [SegmentEntry] = []
    for (day, runs) in zip(days, runs) {
      let entry = day.segments[0]
      guard let leaves = runs.leaves(entry.leaves), MerkleTree.root(of: leaves) == entry.root else {
        throw SegmentFault(day.path, "the root of its chunks is not the one in its directory")
      }
      segments.append(entry)
    }
    try indexes.write(to: output, site: site, segments: segments, encoder)
    try output.finish()
    return segments
  }

  private func copy(_ source: String) throws {
    var parts: [(file: Int, chunks: SourceChunks)] = []
    for (file, day) in days.enumerated() {
      if let chunks = try day.open(source) { parts.append((file, chunks)) }
    }
    var index = RepackPass.merge(parts)
    let begin = output.count
    var digests: [[Digest]] = parts.map { _ in [] }
    for place in index.chunks.indices {
      let chunk = index.chunks[place]
      let (file, chunks) = parts[Int(chunk.day)]
      let original = chunks.index.chunks[digests[Int(chunk.day)].count]
      guard original.leaf == chunk.leaf, original.group == chunk.group else {
        throw chunks.fault(original, "is not where it has to be")
      }
      let digest = try streams[file].withOctets(at: original.offset, count: original.length) { octets in
        let digest = try chunks.checkedDigest(original, octets)
        index.place(place, offset: output.count, length: original.length, check: digest.head)
        try output.append(octets)
        return digest
      }
      digests[Int(chunk.day)].append(digest)
    }
    var extent = RepackPass.extent(of: index.days[0])
    for day in index.days.dropFirst() { extent.join(RepackPass.extent(of: day)) }
    for (part, digests) in zip(parts, digests) {
      runs[part.file].add(digests, firstLeaf: part.chunks.index.days[0].firstLeaf)
    }
    try indexes.add(source, index, octets: output.count - begin, extent, to: output, encoder)
  }

  private static func extent(of day: SourceIndex.Day) -> Extent {
    Extent(rows: day.rows, seqs: day.seqs, times: day.times)
  }

  /// One index of all days; chunks are not placed yet.
  private static func merge(_ parts: [(file: Int, chunks: SourceChunks)]) -> SourceIndex {
    let labels = Set(parts.flatMap { $0.chunks.index.labels }).sorted()
    let placeOf = Dictionary(uniqueKeysWithValues: zip(labels, labels.indices))
    var lists: [[Int]] = []
    var numbers: [[Int]: Int] = [:]
    var days: [SourceIndex.Day] = []
    for (file, chunks) in parts {
      let index = chunks.index
      let listNumbers = index.lists.map { list in
        let places = list.map { placeOf[index.labels[$0]] ?? 0 }
        let number = numbers[places] ?? lists.count
        if number == lists.count {
          numbers[places] = number
          lists.append(places)
        }
        return number
      }
      var day = index.days[0]
      day.segment = file
      for group in day.groups.indices { day.groups[group].list = listNumbers[day.groups[group].list] }
      days.append(day)
    }
    return SourceIndex(labels: labels, lists: lists, days: days)
  }
}
