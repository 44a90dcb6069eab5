import Columns
import Proof

/// Builds a segment file from arbitrary octets with all hashes right, as somebody could who wants a reader to fail: behind the
/// hashes nothing would ever be reached by chance. It knows the format from `docs/SEGMENTS.md`, not from the room.
///
/// `Fuzz/Sources/fuzz-segment` is this file as well. The first octet of an input says what follows: 0: a length (2, little-endian), an
/// index of that length without its checks, chunks. 1: a directory. Else: a file.
struct ForgedSegment {
  static let site = "s"
  static let source = "meter:a"
  static let segments = ["2026-11-21", "2026-11-22", "2026-11-23"]

  static func octets(_ input: [UInt8]) -> [UInt8] {
    guard let kind = input.first else { return [] }
    let rest = Array(input.dropFirst())
    switch kind {
    case 0:
      guard rest.count >= 2 else { return [] }
      let count = min(rest.count - 2, Int(rest[0]) | Int(rest[1]) << 8)
      return withIndex(Array(rest[2..<(2 + count)]), Array(rest[(2 + count)...]))
    case 1: return file(chunks: [], index: [], directory: rest)
    default: return rest
    }
  }

  private static func withIndex(_ index: [UInt8], _ chunks: [UInt8]) -> [UInt8] {
    let packedIndex = packed(index + checks(index, chunks))
    var directory: [UInt8] = []
    append(site, to: &directory)
    directory.append(UInt8(segments.count))
    for segment in segments {
      append(segment, to: &directory)
      // Leaves, rows and root: what verify finds wrong, and nobody else looks at.
      directory += [1, 1] + [UInt8](repeating: 0, count: 32)
    }
    directory.append(1)
    append(source, to: &directory)
    append(chunks.count, to: &directory)
    append(packedIndex.count, to: &directory)
    directory += Digest.sha256(packedIndex).bytes.prefix(4)
    // One row; every seq and every time.
    directory += [1, 0] + [UInt8](repeating: 0xFF, count: 9) + [1]
    directory += [UInt8](repeating: 0xFF, count: 9) + [1] + [UInt8](repeating: 0xFF, count: 9) + [1]
    return file(chunks: chunks, index: packedIndex, directory: directory)
  }

  private static func file(chunks: [UInt8], index: [UInt8], directory: [UInt8]) -> [UInt8] {
    let magic = Array("meterd-segment-1".utf8)
    var octets = magic + chunks + index
    let begin = octets.count - index.count
    let packedDirectory = packed(directory)
    octets += packedDirectory
    let places = [begin, octets.count - packedDirectory.count, octets.count]
    octets += magic
    for place in places { octets += (0..<8).map { UInt8(place >> (8 * $0) & 255) } }
    octets += Digest.sha256(packedDirectory).bytes.prefix(8)
    return octets + Digest.sha256(Array(octets[begin...])).bytes
  }

  static func packed(_ octets: [UInt8]) -> [UInt8] {
    var chunk: [UInt8] = []
    octets.withUnsafeBytes { ColumnEncoder(level: 1).encode(bytes: $0, into: &chunk) }
    return chunk
  }

  private static func append(_ text: String, to octets: inout [UInt8]) {
    append(text.utf8.count, to: &octets)
    octets += text.utf8
  }

  private static func append(_ number: Int, to octets: inout [UInt8]) {
    var rest = number
    while rest >= 128 {
      octets.append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    octets.append(UInt8(rest))
  }

  /// The checks of the chunks of an index, as far as it can be read.
  private static func checks(_ index: [UInt8], _ chunks: [UInt8]) -> [UInt8] {
    var reader = Reader(octets: index[...])
    guard let placed = reader.chunks() else { return [] }
    var checks: [UInt8] = []
    var offset = 0
    for chunk in placed {
      guard chunk.length <= chunks.count - offset else { return checks }
      let header = LeafHeader(
        site: site, segment: chunk.segment < segments.count ? segments[chunk.segment] : "", leaf: chunk.leaf,
        source: source, group: "\(chunk.group)", column: chunk.label, rows: chunk.rows, bytes: chunk.length)
      checks += header.hash(Array(chunks[offset..<(offset + chunk.length)])).bytes.prefix(4)
      offset += chunk.length
    }
    return checks
  }

  private struct Chunk {
    var label: String
    var segment: Int
    var leaf: Int
    var group: Int
    var rows: Int
    var length = 0
  }

  private struct Reader {
    var octets: ArraySlice<UInt8>

    mutating func number() -> Int? {
      var value = 0
      for shift in stride(from: 0, to: 56, by: 7) {
        guard let octet = octets.popFirst() else { return nil }
        value |= Int(octet & 127) << shift
        if octet < 128 { return value }
      }
      return nil
    }

    /// Numbers until `count` are there.
    mutating func numbers(_ count: Int) -> [Int]? {
      var numbers: [Int] = []
      while numbers.count < count {
        guard let number = number() else { return nil }
        numbers.append(number)
      }
      return numbers
    }

    /// One of ten octets at most.
    mutating func skipNumber() {
      for _ in 0..<10 {
        guard let octet = octets.popFirst(), octet >= 128 else { return }
      }
    }

    mutating func chunks() -> [Chunk]? {
      guard let labelCount = number(), labelCount <= octets.count else { return nil }
      var labels: [String] = []
      for _ in 0..<labelCount {
        guard let count = number(), count <= octets.count else { return nil }
        labels.append(String(decoding: octets.prefix(count), as: UTF8.self))
        octets = octets.dropFirst(count)
      }
      guard let listCount = number(), listCount <= octets.count else { return nil }
      var lists: [[Int]] = []
      for _ in 0..<listCount {
        guard let count = number(), count <= octets.count, let steps = numbers(count) else { return nil }
        var list: [Int] = []
        for step in steps {
          let place = (list.last ?? -1) + 1 + step
          guard place < labels.count else { return nil }
          list.append(place)
        }
        lists.append(list)
      }
      guard let dayCount = number(), dayCount <= octets.count else { return nil }
      var placed: [(label: Int, chunk: Chunk)] = []
      var leaves: [Int: Int] = [:]
      for _ in 0..<dayCount {
        guard let segment = number(), let firstLeaf = number() else { return nil }
        leaves[segment] = firstLeaf
        for _ in 0..<5 { skipNumber() }
        guard let groups = number(), groups <= octets.count else { return nil }
        for group in 0..<groups {
          guard let list = number(), list < lists.count, let rows = number(), let quarters = number(),
            placed.count + lists[list].count <= 4_096
          else { return nil }
          for label in lists[list] {
            let isQuarter = labels[label] == "quarter" || labels[label].split(separator: ":").count == 3
            placed.append(
              (
                label,
                Chunk(
                  label: labels[label], segment: segment, leaf: 0, group: group, rows: isQuarter ? quarters : rows)
              ))
          }
        }
      }
      // By label; days and groups are in order already, and the sort has to be stable.
      let order = placed.indices.sorted { (placed[$0].label, $0) < (placed[$1].label, $1) }
      guard let lengths = numbers(placed.count) else { return nil }
      var chunks: [Chunk] = []
      for (place, length) in zip(order, lengths) {
        var chunk = placed[place].chunk
        chunk.leaf = leaves[chunk.segment] ?? 0
        chunk.length = length
        leaves[chunk.segment] = min(chunk.leaf, 1 << 40) + 1
        chunks.append(chunk)
      }
      return chunks
    }
  }
}
