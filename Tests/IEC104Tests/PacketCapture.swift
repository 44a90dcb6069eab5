/// The TCP streams of a capture file: pcap or pcapng, little-endian, Ethernet, IPv4.
struct PacketCapture {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// One direction of one connection.
  struct Endpoints: Hashable, CustomStringConvertible {
    let source: String
    let destination: String
    var description: String { "\(source) > \(destination)" }
  }

  private struct Segment {
    let sequence: UInt32
    let payload: ArraySlice<UInt8>
  }

  /// In the order in which the first packet of each came.
  private(set) var directions: [Endpoints] = []
  private var segments: [Endpoints: [Segment]] = [:]
  private var starts: [Endpoints: UInt32] = [:]

  init(_ file: [UInt8]) throws(Failure) {
    let reader = Reader(bytes: file[...])
    switch try reader.long(0) {
    case 0xA1B2_C3D4: try readPcap(reader)
    case 0x0A0D_0D0A: try readPcapng(reader)
    default: throw Failure(description: "neither pcap nor pcapng")
    }
  }

  /// The octets of one direction, by sequence number: each once, however often and in whatever pieces it came.
  func stream(_ direction: Endpoints) throws(Failure) -> [UInt8] {
    let segments = segments[direction] ?? []
    guard let first = starts[direction] ?? segments.first?.sequence else { return [] }
    var octets: [UInt8?] = []
    for segment in segments {
      // Sequence numbers count modulo 2^32.
      let place = Int(Int32(bitPattern: segment.sequence &- first))
      guard place >= 0 else { throw Failure(description: "\(direction): a segment before the first") }
      let end = place + segment.payload.count
      if end > octets.count { octets += Array(repeating: nil, count: end - octets.count) }
      for (offset, octet) in segment.payload.enumerated() {
        if let known = octets[place + offset], known != octet {
          throw Failure(description: "\(direction): a repeated segment says something else at \(place + offset)")
        }
        octets[place + offset] = octet
      }
    }
    let whole = octets.compactMap { $0 }
    guard whole.count == octets.count else {
      throw Failure(description: "\(direction): \(octets.count - whole.count) octets are missing")
    }
    return whole
  }

  /// A header of 24 octets, then 16 octets before each packet; link type 1 is Ethernet.
  private mutating func readPcap(_ reader: Reader) throws(Failure) {
    guard try reader.long(20) == 1 else { throw Failure(description: "not Ethernet") }
    var place = 24
    while place < reader.count {
      let length = Int(try reader.long(place + 8))
      try readFrame(try reader.part(place + 16, length))
      place += 16 + length
    }
  }

  /// Blocks of type, length, content, length: 1 describes an interface, 6 has a packet from octet 28 on.
  private mutating func readPcapng(_ reader: Reader) throws(Failure) {
    var place = 0
    while place < reader.count {
      let length = Int(try reader.long(place + 4))
      guard length >= 12 else { throw Failure(description: "a block of \(length) octets") }
      switch try reader.long(place) {
      case 1: guard try reader.word(place + 8) == 1 else { throw Failure(description: "not Ethernet") }
      case 6: try readFrame(try reader.part(place + 28, Int(try reader.long(place + 20))))
      default: break
      }
      place += length
    }
  }

  private mutating func readFrame(_ frame: Reader) throws(Failure) {
    guard try frame.networkWord(12) == 0x0800 else { return }
    let total = Int(try frame.networkWord(16))
    let ip = try frame.part(14, total)  // Short frames are padded behind it.
    let headerLength = Int(try ip.octet(0) & 0x0F) * 4
    guard try ip.octet(9) == 6 else { return }
    guard try ip.networkWord(6) & 0x3FFF == 0 else { throw Failure(description: "a fragment") }
    let tcp = try ip.part(headerLength, total - headerLength)
    func address(_ place: Int) throws(Failure) -> String {
      var parts: [String] = []
      for offset in 0..<4 { parts.append("\(try ip.octet(place + offset))") }
      return parts.joined(separator: ".")
    }
    let direction = Endpoints(
      source: "\(try address(12)):\(try tcp.networkWord(0))",
      destination: "\(try address(16)):\(try tcp.networkWord(2))")
    let dataOffset = Int(try tcp.octet(12) >> 4) * 4
    let sequence = UInt32(try tcp.networkWord(4)) << 16 | UInt32(try tcp.networkWord(6))
    let isSYN = try tcp.octet(13) & 0x02 > 0
    if segments[direction] == nil {
      segments[direction] = []
      directions.append(direction)
    }
    if isSYN { starts[direction] = sequence &+ 1 }
    let payload = try tcp.part(dataOffset, tcp.count - dataOffset).bytes
    if !payload.isEmpty { segments[direction]?.append(Segment(sequence: sequence, payload: payload)) }
  }

  private struct Reader {
    let bytes: ArraySlice<UInt8>
    var count: Int { bytes.count }

    func octet(_ place: Int) throws(Failure) -> UInt8 {
      guard (0..<bytes.count).contains(place) else { throw Failure(description: "the file ends in a packet") }
      return bytes[bytes.startIndex + place]
    }

    func word(_ place: Int) throws(Failure) -> UInt16 { UInt16(try octet(place)) | UInt16(try octet(place + 1)) << 8 }

    func networkWord(_ place: Int) throws(Failure) -> UInt16 { try word(place).byteSwapped }

    func long(_ place: Int) throws(Failure) -> UInt32 {
      UInt32(try word(place)) | UInt32(try word(place + 2)) << 16
    }

    func part(_ place: Int, _ length: Int) throws(Failure) -> Reader {
      guard place >= 0, length >= 0, place + length <= count else {
        throw Failure(description: "the file ends in a packet")
      }
      return Reader(bytes: bytes.dropFirst(place).prefix(length))
    }
  }
}
