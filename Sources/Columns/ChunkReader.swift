/// Reads the head of a chunk octet by octet.
struct ChunkReader {
  let bytes: UnsafeRawBufferPointer
  private(set) var offset = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func octet() throws(ColumnFault) -> UInt8 {
    guard offset < bytes.count else { throw ColumnFault("ends here, in its head", at: offset) }
    offset += 1
    return bytes[offset - 1]
  }

  mutating func varint() throws(ColumnFault) -> UInt64 {
    let start = offset
    var number: UInt64 = 0
    for place in 0..<10 {
      let octet = try octet()
      if place == 9, octet > 1 { break }
      number |= UInt64(octet & 127) << UInt64(7 * place)
      if octet < 128 { return number }
    }
    throw ColumnFault("a number of more than 64 bits", at: start)
  }

  mutating func skip(to offset: Int) { self.offset = offset }
}
