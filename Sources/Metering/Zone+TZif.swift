/// The reader of TZif bytes (RFC 8536). Every count is checked against the bytes that are there before it is used.
enum TZif {
  struct Malformed: Error {
    var reason: String
    init(_ reason: String) { self.reason = reason }
  }

  static func table(name: String, bytes: [UInt8]) throws(Malformed) -> ZoneTable {
    var rest = bytes[...]
    let first = try Header(&rest)
    if first.version == 1 {
      let data = try Block(&rest, first, timeBytes: 4)
      guard rest.isEmpty else { throw Malformed("\(rest.count) bytes after its end") }
      return try table(name: name, data, rule: nil)
    }
    // The first block is for readers that know 32 bits only: its counts say no more than its length (RFC 8536, 3.1).
    _ = try take(first.length(timeBytes: 4), from: &rest, "version 1 data")
    let second = try Header(&rest)
    guard second.version == first.version else { throw Malformed("its two headers name different versions") }
    let data = try Block(&rest, second, timeBytes: 8)
    return try table(name: name, data, rule: footer(rest))
  }

  private static func table(name: String, _ data: Block, rule: ZoneRule?) throws(Malformed) -> ZoneTable {
    var initial = data.offsets[0]
    var current = initial
    var changes: [ZoneTable.Transition] = []
    for (time, type) in zip(data.times, data.types) {
      let offset = data.offsets[type]
      defer { current = offset }
      // Some files begin at the Big Bang; what was before the year 1 is only the state to start from.
      if time < Timestamp.distantPast.seconds {
        initial = offset
      } else if time <= Timestamp.distantFuture.seconds, offset != current {
        changes.append(ZoneTable.Transition(at: time, offset: offset))
      }
    }
    // RFC 8536, 3.3: the footer agrees with the last transition. Without one it speaks of all times.
    if let rule, let last = data.times.last, rule.span(at: last).offset != current {
      throw Malformed("its footer contradicts its last transition")
    }
    guard let rule, rule.summer != nil else {
      // A footer without summer time says no more than the last transition, or all there is.
      if data.times.isEmpty, let rule { initial = rule.standard }
      return ZoneTable(name: name, initialOffset: initial, transitions: changes, rule: nil, ruleFrom: .max)
    }
    return ZoneTable(
      name: name, initialOffset: initial, transitions: changes, rule: rule, ruleFrom: data.times.last ?? .min)
  }

  private static func footer(_ rest: ArraySlice<UInt8>) throws(Malformed) -> ZoneRule? {
    let newline = UInt8(ascii: "\n")
    guard rest.count >= 2, rest.first == newline, rest.last == newline else { throw Malformed("no whole footer") }
    let text = rest.dropFirst().dropLast()
    if text.isEmpty { return nil }
    guard let rule = ZoneRule(posix: text) else {
      throw Malformed("its footer is no POSIX time zone rule: \(String(decoding: text.prefix(80), as: UTF8.self))")
    }
    return rule
  }

  static func take(_ count: Int, from rest: inout ArraySlice<UInt8>, _ what: String) throws(Malformed) -> ArraySlice<
    UInt8
  > {
    guard rest.count >= count else { throw Malformed("it ends within its \(what)") }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }
}

extension TZif {
  struct Header {
    var version = 1
    var utCount = 0
    var standardCount = 0
    var leapCount = 0
    var timeCount = 0
    var typeCount = 0
    var characterCount = 0

    init(_ rest: inout ArraySlice<UInt8>) throws(Malformed) {
      let bytes = Array(try TZif.take(44, from: &rest, "header"))
      guard bytes.starts(with: Array("TZif".utf8)) else { throw Malformed("it does not start with TZif") }
      switch bytes[4] {
      case 0: version = 1
      case UInt8(ascii: "2")...UInt8(ascii: "4"): version = Int(bytes[4] - UInt8(ascii: "0"))
      default: throw Malformed("its version byte is \(bytes[4]), not one of 0, '2', '3', '4'")
      }
      func count(_ index: Int) -> Int {
        Int(bytes[(20 + 4 * index)..<(24 + 4 * index)].reduce(0) { $0 << 8 | UInt32($1) })
      }
      utCount = count(0)
      standardCount = count(1)
      leapCount = count(2)
      timeCount = count(3)
      typeCount = count(4)
      characterCount = count(5)
    }

    /// Bytes of the data that follow. Six 32-bit counts cannot overflow 64 bits.
    func length(timeBytes: Int) -> Int {
      timeCount * (timeBytes + 1) + typeCount * 6 + characterCount + leapCount * (timeBytes + 4) + standardCount
        + utCount
    }
  }

  struct Block {
    var times: [Int64] = []
    var types: [Int] = []
    /// Seconds ahead of UTC, by type; at least one.
    var offsets: [Int64] = []

    init(_ rest: inout ArraySlice<UInt8>, _ header: Header, timeBytes: Int) throws(Malformed) {
      guard rest.count >= header.length(timeBytes: timeBytes) else { throw Malformed("it ends within its data") }
      guard header.leapCount == 0 else { throw Malformed("it counts leap seconds: take the zone without 'right/'") }
      guard (1...256).contains(header.typeCount) else { throw Malformed("it has \(header.typeCount) local time types") }
      for count in [header.utCount, header.standardCount] where count != 0 && count != header.typeCount {
        throw Malformed("it has \(count) indicators for \(header.typeCount) local time types")
      }
      var bytes = rest.makeIterator()
      rest = rest.dropFirst(header.length(timeBytes: timeBytes))
      // The length was checked above: `next()` cannot come back empty.
      func byte() -> UInt8 { bytes.next() ?? 0 }

      times.reserveCapacity(header.timeCount)
      for _ in 0..<header.timeCount {
        var bits: UInt64 = 0
        for _ in 0..<timeBytes { bits = bits << 8 | UInt64(byte()) }
        let time = timeBytes == 4 ? Int64(Int32(truncatingIfNeeded: bits)) : Int64(bitPattern: bits)
        // RFC 8536, 3.2: nothing lies before -2^59; beyond it the arithmetic of the calendar would overflow.
        guard time.magnitude <= 1 << 59 else { throw Malformed("a transition far outside all times") }
        if let last = times.last, time <= last { throw Malformed("its transitions do not ascend") }
        times.append(time)
      }
      for _ in 0..<header.timeCount { types.append(Int(byte())) }
      guard types.allSatisfy({ $0 < header.typeCount }) else { throw Malformed("a transition to a type it has not") }

      var designations: [Int] = []
      for _ in 0..<header.typeCount {
        var bits: UInt32 = 0
        for _ in 0..<4 { bits = bits << 8 | UInt32(byte()) }
        let offset = Int64(Int32(bitPattern: bits))
        guard ZoneTable.offsetLimits.contains(offset) else { throw Malformed("an offset of \(offset) s") }
        offsets.append(offset)
        guard byte() <= 1 else { throw Malformed("a summer time mark that is neither 0 nor 1") }
        designations.append(Int(byte()))
      }
      var lastCharacter: UInt8 = 0xff
      for _ in 0..<header.characterCount { lastCharacter = byte() }
      guard lastCharacter == 0, designations.allSatisfy({ $0 < header.characterCount }) else {
        throw Malformed("a designation outside its text")
      }
      for _ in 0..<(header.standardCount + header.utCount) {
        guard byte() <= 1 else { throw Malformed("an indicator that is neither 0 nor 1") }
      }
    }
  }
}
