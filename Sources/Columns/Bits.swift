/// A difference as a number without sign: 0, −1, 1, −2, … become 0, 1, 2, 3, …
@inline(__always)
func zigzag(_ number: Int64) -> UInt64 { UInt64(bitPattern: number << 1 ^ number >> 63) }

@inline(__always)
func unzigzag(_ number: UInt64) -> Int64 { Int64(bitPattern: number >> 1 ^ (0 &- (number & 1))) }

/// How many binary digits a number has; 0 has none.
@inline(__always)
func digits(_ number: UInt64) -> Int { 64 - number.leadingZeroBitCount }

/// The low `bits` bits as a number in two's complement.
@inline(__always)
func signed(_ pattern: UInt64, _ bits: Int) -> Int64 {
  let shift = UInt64(truncatingIfNeeded: 64 &- bits)
  return Int64(bitPattern: pattern &<< shift) &>> Int64(bitPattern: shift)
}

/// LEB128, without sign.
func appendVarint(_ number: UInt64, to chunk: inout [UInt8]) {
  var rest = number
  while rest >= 128 {
    chunk.append(UInt8(truncatingIfNeeded: rest) | 128)
    rest >>= 7
  }
  chunk.append(UInt8(rest))
}
