import Metering

/// One row of the hot store. The bytes stand in `docs/ARCHIVE-FORMAT.md`.
struct ObservationRow {
  enum Kind: Int64 {
    case poll = 0
    case missed = 1
    case clockOffset = 2
    case forward = 3
    case asdu = 4
    case interrogation = 5
    case link = 6

    /// Rows whose `meter` is a station: ids are unique over stations and over meters, not over both.
    static let firstOfStations = Kind.asdu
  }

  /// The numbers of a row that the checksum begins with; times in milliseconds since 1970.
  struct Fields {
    let seq: UInt64
    let kind: Kind
    let marks: UInt8
    let time: Int64
    let due: Int64?
    let received: Int64
  }

  /// The format of `payload`; a row of another version is refused, not guessed at.
  static let version: UInt8 = 1

  static func kind(of content: Observation.Content) -> Kind {
    switch content {
    case .poll: .poll
    case .missed: .missed
    case .clockOffset: .clockOffset
    case .forward: .forward
    case .asdu: .asdu
    case .interrogation: .interrogation
    case .link: .link
    }
  }

  /// The last time that the row speaks of, where that is not `time`.
  static func until(of content: Observation.Content) -> Timestamp? {
    if case .missed(_, let to, _, _) = content { return to }
    return nil
  }

  /// How the poll went as a whole: the outcome of its first block that failed, else ok.
  static func outcome(of content: Observation.Content) -> UInt16 {
    guard case .poll(let blocks) = content else { return Outcome.ok.code }
    return (blocks.first { $0.outcome != .ok }?.outcome ?? .ok).code
  }

  static func encode(_ content: Observation.Content, into bytes: inout [UInt8]) {
    bytes.append(version)
    switch content {
    case .poll(let blocks):
      for block in blocks {
        bytes.append(tableCode(block.table))
        bytes.append(littleEndian: block.address)
        bytes.append(littleEndian: block.count)
        bytes.append(littleEndian: block.outcome.code)
        bytes.append(littleEndian: UInt16(block.bytes.count))
        bytes.append(contentsOf: block.bytes)
      }
    case .missed(let from, let to, let count, let reason):
      bytes.append(littleEndian: UInt64(bitPattern: from.milliseconds))
      bytes.append(littleEndian: UInt64(bitPattern: to.milliseconds))
      bytes.append(littleEndian: count)
      bytes.append(reason.rawValue)
    case .clockOffset(let bootID, let offset):
      bytes.append(littleEndian: UInt64(bitPattern: offset))
      bytes.append(contentsOf: bootID.utf8)
    case .forward(let text): bytes.append(contentsOf: text.utf8)
    case .asdu(let asdu):
      bytes.append(asdu.link)
      bytes.append(UInt8(clamping: asdu.repeated.count))
      bytes.append(contentsOf: asdu.repeated.prefix(255))
      bytes.append(contentsOf: asdu.bytes)
    case .interrogation(let interrogation):
      bytes.append(interrogation.kind.rawValue)
      bytes.append(littleEndian: interrogation.commonAddress)
      bytes.append(interrogation.qualifier)
      bytes.append(littleEndian: interrogation.outcome.code)
      bytes.append(interrogation.absent == nil ? 1 : 0)
      for address in interrogation.absent ?? [] { bytes.append(littleEndian: address) }
    case .link(let isUp, let reason):
      bytes.append(isUp ? 1 : 0)
      bytes.append(contentsOf: reason.utf8)
    }
  }

  /// - Returns: nil where the bytes are not of this format.
  static func decode(_ kind: Kind, _ bytes: [UInt8]) -> Observation.Content? {
    var reader = ByteReader(bytes)
    guard reader.byte() == version else { return nil }
    switch kind {
    case .poll:
      var blocks: [Block] = []
      while !reader.isAtEnd {
        guard let code = reader.byte(), let table = table(code), let address: UInt16 = reader.integer(),
          let count: UInt16 = reader.integer(),
          let outcome = (reader.integer() as UInt16?).flatMap(Outcome.init(code:)),
          let length: UInt16 = reader.integer(), let data = reader.bytes(Int(length))
        else { return nil }
        blocks.append(Block(table: table, address: address, count: count, outcome: outcome, bytes: data))
      }
      return .poll(blocks)
    case .missed:
      guard let from: UInt64 = reader.integer(), let to: UInt64 = reader.integer(),
        let count: UInt32 = reader.integer(),
        let reason = reader.byte().flatMap(MissedReason.init(rawValue:)), reader.isAtEnd
      else { return nil }
      return .missed(
        from: Timestamp(milliseconds: Int64(bitPattern: from)), to: Timestamp(milliseconds: Int64(bitPattern: to)),
        count: count, reason: reason)
    case .clockOffset:
      guard let offset: UInt64 = reader.integer(), let bootID = String(validating: reader.rest(), as: UTF8.self) else {
        return nil
      }
      return .clockOffset(bootID: bootID, offsetMilliseconds: Int64(bitPattern: offset))
    case .forward: return String(validating: reader.rest(), as: UTF8.self).map(Observation.Content.forward)
    case .asdu:
      guard let link = reader.byte(), let count = reader.byte(), let repeated = reader.bytes(Int(count)) else {
        return nil
      }
      return .asdu(ReceivedASDU(bytes: reader.rest(), link: link, repeated: repeated))
    case .interrogation: return interrogation(&reader).map(Observation.Content.interrogation)
    case .link:
      guard let isUp = reader.byte(), isUp <= 1, let reason = String(validating: reader.rest(), as: UTF8.self) else {
        return nil
      }
      return .link(isUp: isUp == 1, reason: reason)
    }
  }

  private static func interrogation(_ reader: inout ByteReader) -> Interrogation? {
    guard let kind = reader.byte().flatMap(Interrogation.Kind.init(rawValue:)), let address: UInt16 = reader.integer(),
      let qualifier = reader.byte(),
      let outcome = (reader.integer() as UInt16?).flatMap(Interrogation.Outcome.init(code:)),
      let nothingCame = reader.byte(), nothingCame <= 1
    else { return nil }
    var absent: [UInt32] = []
    while !reader.isAtEnd {
      guard let next: UInt32 = reader.integer() else { return nil }
      absent.append(next)
    }
    if nothingCame == 1, !absent.isEmpty { return nil }
    return Interrogation(
      kind: kind, commonAddress: address, qualifier: qualifier, outcome: outcome,
      absent: nothingCame == 1 ? nil : absent)
  }

  /// The checksum over everything that the row says.
  static func checksum(_ observation: Observation, boot: String, payload: [UInt8]) -> UInt32 {
    payload.withUnsafeBytes { payload in
      checksum(
        Fields(observation), meter: terminated(observation.meterID), definition: terminated(observation.definition),
        boot: terminated(boot), payload: payload)
    }
  }

  /// The same for one who has the texts at hand, as `terminated` makes them.
  static func checksum(
    _ fields: Fields, meter: [UInt8], definition: [UInt8], boot: [UInt8], payload: UnsafeRawBufferPointer
  ) -> UInt32 {
    var crc = CRC32C()
    withUnsafeTemporaryAllocation(byteCount: 34, alignment: 1) { head in
      head.storeBytes(of: fields.seq.littleEndian, toByteOffset: 0, as: UInt64.self)
      head[8] = UInt8(truncatingIfNeeded: fields.kind.rawValue)
      head[9] = fields.marks
      head.storeBytes(of: fields.time.littleEndian, toByteOffset: 10, as: Int64.self)
      head.storeBytes(of: (fields.due ?? .min).littleEndian, toByteOffset: 18, as: Int64.self)
      head.storeBytes(of: fields.received.littleEndian, toByteOffset: 26, as: Int64.self)
      crc.add(UnsafeRawBufferPointer(head))
    }
    crc.add(meter)
    crc.add(definition)
    crc.add(boot)
    crc.add(payload)
    return crc.value
  }

  /// A text as the checksum takes it.
  static func terminated(_ text: String) -> [UInt8] { Array(text.utf8) + [0] }

  private static func tableCode(_ table: RegisterTable) -> UInt8 {
    switch table {
    case .coil: 1
    case .discrete: 2
    case .holding: 3
    case .input: 4
    }
  }

  static func table(_ code: UInt8) -> RegisterTable? {
    RegisterTable.allCases.first { tableCode($0) == code }
  }
}

extension ObservationRow.Fields {
  init(_ observation: Observation) {
    self.init(
      seq: observation.seq, kind: ObservationRow.kind(of: observation.content), marks: observation.marks.rawValue,
      time: observation.time.milliseconds, due: observation.due?.milliseconds,
      received: observation.received.milliseconds)
  }
}

extension [UInt8] {
  mutating func append(littleEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }
}

/// Reads integers and runs of bytes; nil past the end.
struct ByteReader {
  private let buffer: [UInt8]
  private var place = 0

  init(_ buffer: [UInt8]) { self.buffer = buffer }

  var isAtEnd: Bool { place == buffer.count }

  mutating func byte() -> UInt8? {
    guard place < buffer.count else { return nil }
    defer { place += 1 }
    return buffer[place]
  }

  mutating func integer<T: FixedWidthInteger>() -> T? {
    let size = MemoryLayout<T>.size
    guard buffer.count - place >= size else { return nil }
    defer { place += size }
    return (0..<size).reversed().reduce(0) { $0 << 8 | T(buffer[place + $1]) }
  }

  mutating func bytes(_ count: Int) -> [UInt8]? {
    guard buffer.count - place >= count else { return nil }
    defer { place += count }
    return Array(buffer[place..<(place + count)])
  }

  mutating func rest() -> [UInt8] { bytes(buffer.count - place) ?? [] }
}
