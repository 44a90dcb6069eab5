/// CRC-32C (Castagnoli), RFC 3720 appendix B.4: guards each row of the hot store against rot.
struct CRC32C {
  private var state: UInt32 = ~0

  /// The checksum of everything that was added.
  var value: UInt32 { ~state }

  /// Eight octets a step ("slicing by eight", Kounavis and Berry 2005): `tables[256 * n + octet]` is what an octet does to the
  /// checksum when `n` octets stand behind it.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for octet in 0..<256 {
      var crc = UInt32(octet)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
      tables[octet] = crc
    }
    for place in 256..<tables.count {
      let before = tables[place - 256]
      tables[place] = before >> 8 ^ tables[Int(before & 0xFF)]
    }
    return tables
  }()

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    state = CRC32C.tables.withUnsafeBufferPointer { tables -> UInt32 in
      var crc = state
      var place = 0
      while bytes.count - place >= 8 {
        let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)) ^ UInt64(crc)
        crc = tables[1792 + Int(word & 0xFF)]
        crc ^= tables[1536 + Int(word >> 8 & 0xFF)]
        crc ^= tables[1280 + Int(word >> 16 & 0xFF)]
        crc ^= tables[1024 + Int(word >> 24 & 0xFF)]
        crc ^= tables[768 + Int(word >> 32 & 0xFF)]
        crc ^= tables[512 + Int(word >> 40 & 0xFF)]
        crc ^= tables[256 + Int(word >> 48 & 0xFF)]
        crc ^= tables[Int(word >> 56)]
        place += 8
      }
      while place < bytes.count {
        crc = crc >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: crc) ^ bytes[place])]
        place += 1
      }
      return crc
    }
  }

  mutating func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { add($0) } }

  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var crc = CRC32C()
    crc.add(bytes)
    return crc.value
  }
}
