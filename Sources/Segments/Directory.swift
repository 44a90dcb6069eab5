import Proof

/// What a file holds: the days, and for each source where its index is.
struct Directory {
  struct Source {
    var name: String
    /// Octets of its chunks, and of its index: sources stand one behind the other, and so do indexes.
    var octets: Int
    var indexOctets: Int
    /// The first four octets of the SHA-256 of the index.
    var indexCheck: UInt32
    var extent: Extent
  }

  var site: String
  var segments: [SegmentEntry]
  /// In the order of the file.
  var sources: [Source]

  var octets: [UInt8] {
    var octets: [UInt8] = []
    octets.append(text: site)
    octets.append(varint: segments.count)
    for segment in segments {
      octets.append(text: segment.name)
      octets.append(varint: segment.leaves)
      octets.append(varint: segment.rows)
      segment.root.withUnsafeBytes { octets.append(contentsOf: $0) }
    }
    octets.append(varint: sources.count)
    for source in sources {
      octets.append(text: source.name)
      octets.append(varint: source.octets)
      octets.append(varint: source.indexOctets)
      octets.append(littleEndian: source.indexCheck)
      octets.append(source.extent)
    }
    return octets
  }

  init(site: String, segments: [SegmentEntry], sources: [Source]) {
    self.site = site
    self.segments = segments
    self.sources = sources
  }

  init(_ reader: inout OctetReader) throws(SegmentFault) {
    site = try reader.name()
    segments = []
    var names: Set<String> = []
    for _ in 0..<(try reader.count("segments", of: 36, limit: Limits.segments)) {
      let name = try reader.name()
      let leaves = try reader.count("leaves", 0...Limits.leaves)
      let rows = try reader.count("rows", 0...Limits.rowsOfFile)
      guard let root = Digest(bytes: Array(try reader.octets(Digest.byteCount))) else { throw reader.fault("no root") }
      guard names.insert(name).inserted else { throw reader.fault("segment \(name) twice") }
      segments.append(SegmentEntry(name: name, leaves: leaves, rows: rows, root: root))
    }
    sources = []
    names = []
    for _ in 0..<(try reader.count("sources", of: 13, limit: Limits.sources)) {
      let name = try reader.name()
      guard names.insert(name).inserted else { throw reader.fault("source \(name) twice") }
      sources.append(
        Source(
          name: name, octets: try reader.count("octets of chunks", 1...Int.max),
          indexOctets: try reader.count("octets of an index", 1...Int.max), indexCheck: try reader.littleEndian(),
          extent: try reader.extent()))
    }
    guard reader.isAtEnd else { throw reader.fault("goes on behind its end") }
  }
}

/// The last octets of a file.
struct Trailer {
  static let magic = Array("meterd-segment-1".utf8)
  static let count = 80
  /// Of the magic at the beginning of the file.
  static let headCount = 16

  /// Where the indexes begin: the chunks end there.
  var indexes: Int
  var directory: Int
  /// Where the trailer itself begins: a file that was cut or has grown differs.
  var trailer: Int
  /// The first eight octets of the SHA-256 of the directory.
  var directoryCheck: UInt64

  /// Without the hash of everything from the indexes on, which follows.
  var head: [UInt8] {
    var octets = Trailer.magic
    for place in [indexes, directory, trailer] { octets.append(littleEndian: UInt64(place)) }
    octets.append(littleEndian: directoryCheck)
    return octets
  }

  init(indexes: Int, directory: Int, trailer: Int, directoryCheck: UInt64) {
    self.indexes = indexes
    self.directory = directory
    self.trailer = trailer
    self.directoryCheck = directoryCheck
  }

  /// - Parameter octets: the last 80 of the file.
  init(_ octets: [UInt8], of file: String, count: Int) throws(SegmentFault) {
    let place = count - Trailer.count
    var reader = OctetReader(octets, file: file, at: place, of: "trailer")
    guard try reader.octets(Trailer.headCount).elementsEqual(Trailer.magic) else {
      throw SegmentFault(file, at: place, "is not a segment, or its end is missing")
    }
    var places: [Int] = []
    for _ in 0..<3 {
      let place: UInt64 = try reader.littleEndian()
      places.append(Int(clamping: place))
    }
    (indexes, directory, trailer) = (places[0], places[1], places[2])
    directoryCheck = try reader.littleEndian()
    guard trailer == place else {
      throw SegmentFault(file, at: place, "has \(count) octets; its trailer says \(trailer) and \(Trailer.count)")
    }
    guard Trailer.headCount <= indexes, indexes <= directory, directory < trailer else {
      throw SegmentFault(file, at: place, "the places in the trailer do not ascend")
    }
  }
}

extension Digest {
  /// The first eight octets.
  var longHead: UInt64 { withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) } }
}
