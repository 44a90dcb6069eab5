extension [UInt8] {
  /// LEB128, unsigned: seven bits an octet, the lowest first, bit 7 set where more follow.
  mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }

  mutating func append(varint value: Int) { append(varint: UInt64(bitPattern: Int64(value))) }

  /// Small numbers of either sign small: 0, −1, 1, −2, …
  mutating func append(zigzag value: Int64) { append(varint: UInt64(bitPattern: value << 1 ^ value >> 63)) }

  mutating func append(text: String) {
    append(varint: text.utf8.count)
    append(contentsOf: text.utf8)
  }

  mutating func append(littleEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }
}

extension [UInt8] {
  /// `withUnsafeBytes` that says what it throws.
  func withOctets<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafeBufferPointer { octets throws(Failure) in try body(UnsafeRawBufferPointer(octets)) }
  }
}

/// Reads what `[UInt8].append` wrote; a fault names the file and where the chunk begins.
struct OctetReader {
  private let octets: [UInt8]
  private let file: String
  private let offset: Int
  private let what: String
  private(set) var place = 0

  init(_ octets: [UInt8], file: String, at offset: Int, of what: String) {
    self.octets = octets
    self.file = file
    self.offset = offset
    self.what = what
  }

  var isAtEnd: Bool { place == octets.count }
  var remaining: Int { octets.count - place }

  func fault(_ problem: String) -> SegmentFault {
    SegmentFault(file, at: offset, "\(what), octet \(place): \(problem)")
  }

  mutating func octet() throws(SegmentFault) -> UInt8 {
    guard place < octets.count else { throw fault("ends too early") }
    defer { place += 1 }
    return octets[place]
  }

  mutating func varint() throws(SegmentFault) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: 0 as UInt64, to: 64, by: 7) {
      let octet = try octet()
      guard shift < 63 || octet <= 1 else { break }
      value |= UInt64(octet & 0x7F) << shift
      if octet < 0x80 { return value }
    }
    throw fault("a number of more than 64 bits")
  }

  mutating func zigzag() throws(SegmentFault) -> Int64 {
    let value = try varint()
    return Int64(bitPattern: value >> 1 ^ (0 &- (value & 1)))
  }

  mutating func count(_ name: String, _ limits: ClosedRange<Int>) throws(SegmentFault) -> Int {
    let value = try varint()
    guard let count = Int(exactly: value), limits.contains(count) else { throw fault("\(value) \(name)") }
    return count
  }

  /// How many of something of `least` octets or more follow; so what is made room for is there.
  mutating func count(_ name: String, of least: Int, limit: Int) throws(SegmentFault) -> Int {
    let count = try count(name, 0...limit)
    guard count <= remaining / least else { throw fault("\(count) \(name) in \(remaining) octets") }
    return count
  }

  mutating func octets(_ count: Int) throws(SegmentFault) -> ArraySlice<UInt8> {
    guard count <= remaining else { throw fault("ends too early") }
    defer { place += count }
    return octets[place..<(place + count)]
  }

  mutating func text(limit: Int = Limits.text) throws(SegmentFault) -> String {
    let count = try count("octets of text", 0...limit)
    guard let text = String(validating: try octets(count), as: UTF8.self) else { throw fault("not UTF-8") }
    return text
  }

  mutating func name() throws(SegmentFault) -> String {
    let name = try text()
    guard Limits.isName(name) else { throw fault("not a name") }
    return name
  }

  mutating func littleEndian<T: FixedWidthInteger>() throws(SegmentFault) -> T {
    let bytes = try octets(MemoryLayout<T>.size)
    return bytes.reversed().reduce(0) { $0 << 8 | T(truncatingIfNeeded: $1) }
  }
}
