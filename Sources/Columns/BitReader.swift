/// Reads a stream of bits, the lowest bit of an octet first. Behind its end there are zeros: who reads asks `end` when done.
struct BitReader {
  private let bytes: UnsafeRawBufferPointer
  /// From the first bit of `bytes`.
  var position: Int

  init(_ bytes: UnsafeRawBufferPointer, from octet: Int) {
    self.bytes = bytes
    position = octet * 8
  }

  /// At least 57 bits from `position` on, the first one lowest.
  @inline(__always)
  func window() -> UInt64 {
    let octet = position &>> 3
    let loaded: UInt64
    if octet &+ 8 <= bytes.count {
      loaded = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: octet, as: UInt64.self))
    } else {
      loaded = tail(octet)
    }
    return loaded &>> UInt64(truncatingIfNeeded: position & 7)
  }

  @inline(never)
  private func tail(_ octet: Int) -> UInt64 {
    var loaded: UInt64 = 0
    for place in 0..<8 where octet + place < bytes.count {
      loaded |= UInt64(bytes[octet + place]) << UInt64(8 * place)
    }
    return loaded
  }

  /// - Parameter count: at most 56.
  @inline(__always)
  mutating func read(_ count: Int) -> UInt64 {
    let value = window() & ((1 &<< UInt64(truncatingIfNeeded: count)) &- 1)
    position &+= count
    return value
  }

  /// - Parameter count: at most 64.
  @inline(__always)
  mutating func readLong(_ count: Int) -> UInt64 {
    if count <= 56 { return read(count) }
    let low = read(32)
    return low | read(count &- 32) &<< 32
  }

  /// nil: no number of 16 digits or less.
  mutating func readGamma() -> UInt64? {
    let below = window().trailingZeroBitCount
    guard below < 16 else { return nil }
    position += below + 1
    return read(below) | 1 << UInt64(below)
  }

  /// More was read than there is.
  var isBeyond: Bool { position > bytes.count * 8 }

  /// The octet behind the one that was read last; nil: more was read than there is, or the rest of that octet is not zero.
  mutating func end() -> Int? {
    let octet = (position + 7) / 8
    guard octet <= bytes.count else { return nil }
    return read(octet * 8 - position) == 0 ? octet : nil
  }
}
