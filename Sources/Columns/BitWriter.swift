/// Writes a stream of bits, the first into the lowest bit of the first octet.
struct BitWriter {
  private var pending: UInt64 = 0
  private var pendingCount = 0

  /// - Parameter count: at most 56; the bits of `value` above them are zero.
  @inline(__always)
  mutating func write(_ value: UInt64, _ count: Int, into chunk: inout [UInt8]) {
    pending |= value &<< UInt64(truncatingIfNeeded: pendingCount)
    pendingCount &+= count
    while pendingCount >= 8 {
      chunk.append(UInt8(truncatingIfNeeded: pending))
      pending >>= 8
      pendingCount &-= 8
    }
  }

  /// - Parameter count: at most 64.
  @inline(__always)
  mutating func writeLong(_ value: UInt64, _ count: Int, into chunk: inout [UInt8]) {
    if count > 56 {
      write(value & 0xFFFF_FFFF, 32, into: &chunk)
      write(value >> 32, count &- 32, into: &chunk)
    } else {
      write(value, count, into: &chunk)
    }
  }

  /// Elias's gamma code of a number from 1: as many zeros as it has digits below the first, then its digits from the lowest
  /// but with the highest, which is a one, first.
  mutating func writeGamma(_ number: UInt64, into chunk: inout [UInt8]) {
    let below = digits(number) - 1
    write(1 << UInt64(below), below + 1, into: &chunk)
    write(number ^ 1 << UInt64(below), below, into: &chunk)
  }

  /// Fills the last octet with zeros.
  mutating func finish(into chunk: inout [UInt8]) {
    if pendingCount > 0 { chunk.append(UInt8(truncatingIfNeeded: pending)) }
    pending = 0
    pendingCount = 0
  }
}
