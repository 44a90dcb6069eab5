import Proof

/// Makes leaf hashes of many chunks: those of `LeafHeader.hash`, without a text for each. Names need no escaping
/// (`Limits.isName`).
final class LeafLine {
  /// The octet 0 of a leaf, and the line.
  private let line: UnsafeMutableRawBufferPointer
  private var count = 0
  private let site: [UInt8]
  private let source: [UInt8]

  init(site: String, source: String) {
    self.site = Array("\u{0}\(LeafHeader.format) site=\(site) segment=".utf8)
    self.source = Array(" source=\(source) group=".utf8)
    line = .allocate(byteCount: self.site.count + self.source.count + LeafLine.room, alignment: 1)
  }

  deinit { line.deallocate() }

  /// Segment, label, four numbers and the words between.
  private static let room = 2 * Limits.text + 4 * 20 + 40

  func digest(
    segment: [UInt8], leaf: Int, group: Int, label: [UInt8], rows: Int, chunk: UnsafeRawBufferPointer
  ) -> Digest {
    count = 0
    append(site)
    append(segment)
    append(" leaf=", leaf)
    append(source)
    append("", group)
    append(" column=")
    append(label)
    append(" rows=", rows)
    append(" bytes=", chunk.count)
    append("\n")
    var hash = StreamingHash()
    hash.update(UnsafeRawBufferPointer(rebasing: line[..<count]))
    hash.update(chunk)
    return hash.finish()
  }

  private func append(_ octets: [UInt8]) {
    octets.withUnsafeBytes { octets in
      UnsafeMutableRawBufferPointer(rebasing: line[count...]).copyMemory(from: octets)
      count += octets.count
    }
  }

  private func append(_ word: StaticString) {
    let octets = UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    UnsafeMutableRawBufferPointer(rebasing: line[count...]).copyMemory(from: octets)
    count += octets.count
  }

  private func append(_ word: StaticString, _ number: Int) {
    append(word)
    var rest = number
    var digits = 1
    while rest >= 10 {
      rest /= 10
      digits += 1
    }
    rest = number
    for place in (count..<(count + digits)).reversed() {
      line[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    count += digits
  }
}

extension Digest {
  /// The first four octets, which stand in an index.
  var head: UInt32 { withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self)) } }
}
