import Columns
import Proof

@testable import Segments

/// Changes what a segment says and makes the hashes right again, as somebody could who wants a reader to fail.
struct SegmentForger {
  private let whole: [UInt8]
  private let trailer: Trailer
  private let directory: [UInt8]
  private var indexes: [[UInt8]] = []

  init(_ whole: [UInt8]) throws {
    self.whole = whole
    let reader = try SegmentReader(bytes: whole, name: "whole")
    trailer = reader.trailer
    let decoder = ColumnDecoder()
    directory = try decoder.unpack(
      Array(whole[trailer.directory..<trailer.trailer]), limit: 1 << 20, of: "whole", at: 0)
    for (place, source) in zip(reader.indexPlaces, reader.directory.sources) {
      indexes.append(
        try decoder.unpack(Array(whole[place..<(place + source.indexOctets)]), limit: 1 << 20, of: "whole", at: 0))
    }
  }

  /// One of the indexes, the directory or the trailer with a few octets changed.
  func forged(_ random: inout SeededGenerator) throws -> [UInt8] {
    var indexes = indexes
    let changed = Int.random(in: 0...(indexes.count + 1), using: &random)
    if changed < indexes.count { SegmentForger.change(&indexes[changed], &random) }
    let encoder = SourceEncoder(level: 1)
    let packed = indexes.map { encoder.encode($0) }
    var plain = directory
    if changed == indexes.count { SegmentForger.change(&plain, &random) }
    var reader = OctetReader(directory, file: "whole", at: 0, of: "directory")
    if changed < indexes.count {
      var parsed = try Directory(&reader)
      for place in packed.indices {
        parsed.sources[place].indexOctets = packed[place].count
        parsed.sources[place].indexCheck = Digest.sha256(packed[place]).head
      }
      plain = parsed.octets
    }
    var octets = Array(whole[..<trailer.indexes]) + (changed < indexes.count ? packed.flatMap { $0 } : originalIndexes)
    let chunk = encoder.encode(plain)
    var end = Trailer(
      indexes: trailer.indexes, directory: octets.count, trailer: octets.count + chunk.count,
      directoryCheck: Digest.sha256(chunk).longHead)
    if changed > indexes.count {
      end.indexes += Int.random(in: -30...30, using: &random)
      end.directory += Int.random(in: -3...3, using: &random)
    }
    octets += chunk
    octets += end.head
    octets += Digest.sha256(Array(octets[max(0, end.indexes)...])).bytes
    return octets
  }

  private var originalIndexes: [UInt8] { Array(whole[trailer.indexes..<trailer.directory]) }

  private static func change(_ octets: inout [UInt8], _ random: inout SeededGenerator) {
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let place = Int.random(in: octets.indices, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: octets[place] = UInt8.random(in: 0...255, using: &random)
      case 1: octets[place] &+= 1
      case 2: octets.remove(at: place)
      default: octets.insert([0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0, at: place)
      }
    }
  }
}
