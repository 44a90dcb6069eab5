import Columns
import Proof

/// Reads a segment file, of a day or of a month. For one thread at a time; several readers may read one file.
///
/// Nothing in the file is trusted: what does not fit together, and a chunk that does not have the hash which the index says,
/// is a `SegmentFault`. That file and manifest belong together is for the caller to see, by `verify` and the roots.
public final class SegmentReader {
  public let site: String
  /// The days of the file, in its order.
  public let segments: [SegmentEntry]
  /// In the order of the file.
  public let sources: [SourceEntry]

  let storage: SegmentStorage
  let directory: Directory
  let trailer: Trailer
  let decoder = ColumnDecoder()
  private let places: [String: Int]
  /// For each source where its chunks and its index begin.
  let chunkPlaces: [Int]
  let indexPlaces: [Int]
  private var last: SourceChunks?
  private var lastLabels: [ColumnLabel] = []

  /// Mostly one read: trailer and directory.
  public convenience init(path: String) throws(SegmentFault) { try self.init(SegmentStorage(path: path)) }

  /// - Parameter name: stands in faults for the path.
  public convenience init(bytes: [UInt8], name: String) throws(SegmentFault) {
    try self.init(SegmentStorage(octets: bytes, name: name))
  }

  public var path: String { storage.name }

  private static let tailOctets = 32 << 10

  private init(_ storage: SegmentStorage) throws(SegmentFault) {
    self.storage = storage
    guard storage.count >= Trailer.headCount + Trailer.count else {
      throw SegmentFault(storage.name, "has \(storage.count) octets: it is not a segment, or its end is missing")
    }
    let tail = min(storage.count, SegmentReader.tailOctets)
    let end = try storage.read(at: storage.count - tail, count: tail)
    trailer = try Trailer(Array(end.suffix(Trailer.count)), of: storage.name, count: storage.count)
    let count = trailer.trailer - trailer.directory
    let chunk =
      count <= tail - Trailer.count
      ? Array(end[(tail - Trailer.count - count)..<(tail - Trailer.count)])
      : try storage.read(at: trailer.directory, count: count)
    guard Digest.sha256(chunk).longHead == trailer.directoryCheck else {
      throw SegmentFault(storage.name, at: trailer.directory, "the directory is damaged")
    }
    var reader = OctetReader(
      try decoder.unpack(chunk, limit: Limits.unpacked(chunk.count), of: storage.name, at: trailer.directory),
      file: storage.name, at: trailer.directory, of: "directory")
    directory = try Directory(&reader)
    var chunks = Trailer.headCount
    var indexes = trailer.indexes
    var chunkPlaces: [Int] = []
    var indexPlaces: [Int] = []
    for source in directory.sources {
      chunkPlaces.append(chunks)
      indexPlaces.append(indexes)
      guard source.octets <= trailer.indexes - chunks, source.indexOctets <= trailer.directory - indexes else {
        throw SegmentFault(storage.name, at: trailer.directory, "source \(source.name) is past its area")
      }
      chunks += source.octets
      indexes += source.indexOctets
    }
    guard chunks == trailer.indexes, indexes == trailer.directory else {
      throw SegmentFault(storage.name, at: trailer.directory, "the sources do not fill the file")
    }
    self.chunkPlaces = chunkPlaces
    self.indexPlaces = indexPlaces
    site = directory.site
    segments = directory.segments
    sources = directory.sources.map {
      SourceEntry(name: $0.name, rows: $0.extent.rows, seqs: $0.extent.seqs, times: $0.extent.times)
    }
    places = Dictionary(uniqueKeysWithValues: zip(sources.map(\.name), sources.indices))
  }

  /// What each day of the file holds of a source; nothing where the source is not in the file.
  public func days(of source: String) throws(SegmentFault) -> [SourceDay] {
    guard let chunks = try open(source) else { return [] }
    return chunks.index.days.map {
      SourceDay(segment: segments[$0.segment].name, rows: $0.rows, seqs: $0.seqs, times: $0.times)
    }
  }

  /// Nil where the file has no such source. The last one is kept.
  func open(_ source: String) throws(SegmentFault) -> SourceChunks? {
    if let last, last.name == source { return last }
    guard let place = places[source] else { return nil }
    let chunks = try open(place)
    last = chunks
    return chunks
  }

  /// The source of that place in the directory.
  func open(_ place: Int) throws(SegmentFault) -> SourceChunks {
    let source = directory.sources[place]
    let offset = indexPlaces[place]
    let chunk = try storage.read(at: offset, count: source.indexOctets)
    guard Digest.sha256(chunk).head == source.indexCheck else {
      throw SegmentFault(storage.name, at: offset, "the index of \(source.name) is damaged")
    }
    let what = "index of \(source.name)"
    var reader = OctetReader(
      try decoder.unpack(chunk, limit: Limits.unpacked(chunk.count), of: storage.name, at: offset),
      file: storage.name, at: offset, of: what)
    let index = try SourceIndex(
      &reader, segments: segments.count, chunks: chunkPlaces[place]..<(chunkPlaces[place] + source.octets),
      known: lastLabels)
    lastLabels = index.labels
    return SourceChunks(
      name: source.name, index: index, site: site, segments: segments, storage: storage, decoder: decoder)
  }
}

extension ColumnDecoder {
  func unpack(_ chunk: [UInt8], limit: Int, of file: String, at offset: Int) throws(SegmentFault) -> [UInt8] {
    do throws(ColumnFault) {
      return try chunk.withOctets { chunk throws(ColumnFault) in try decode(bytes: chunk, limit: limit) }
    } catch {
      throw SegmentFault(file, at: offset, "\(error)")
    }
  }
}
