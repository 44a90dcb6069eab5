/// What a hostile station does, a step a line; the language stands in `HostileStationCase.swift`.
indirect enum HostileStationStep: Sendable {
  case accept
  case start
  case awaitU(UInt8)
  /// An I frame with an ASDU of this type.
  case awaitASDU(UInt8)
  case awaitAcknowledgement(UInt16)
  case awaitEnd
  case until(String, UInt64)
  case send([HostileStationItem], pieces: Int?)
  case flood(HostileStationItem, key: String, UInt64)
  case loop(Int, [HostileStationStep])
  case close, reset, halfClose
  case commits(Bool)
  case fill
  case due(isCounter: Bool)
  case pause(milliseconds: Int)

  init?(_ words: [Substring]) {
    let number = words.last.flatMap { UInt64($0) }
    let octet = words.last.flatMap { UInt8($0, radix: 16) }
    switch (words[0], words.count) {
    case ("accept", 1): self = .accept
    case ("start", 1): self = .start
    case ("close", 1): self = .close
    case ("reset", 1): self = .reset
    case ("fill", 1): self = .fill
    case ("half-close", 1): self = .halfClose
    case ("await", 2) where words[1] == "end": self = .awaitEnd
    case ("await", 2) where words[1] == "gi": self = .awaitASDU(100)
    case ("await", 2) where words[1] == "ci": self = .awaitASDU(101)
    case ("await", 3) where words[1] == "u": if let octet { self = .awaitU(octet) } else { return nil }
    case ("await", 3) where words[1] == "s":
      guard let number, number < 32_768 else { return nil }
      self = .awaitAcknowledgement(UInt16(number))
    case ("until", 3): if let number { self = .until(String(words[1]), number) } else { return nil }
    case ("commits", 2): self = .commits(words[1] == "work")
    case ("due", 2): self = .due(isCounter: words[1] == "counter")
    case ("pause", 2): if let number { self = .pause(milliseconds: Int(number)) } else { return nil }
    case ("send", 2...): self.init(sending: words.dropFirst())
    case ("flood", 4...):
      guard let number, let item = HostileStationItem(words[1..<(words.count - 2)]) else { return nil }
      self = .flood(item, key: String(words[words.count - 2]), number)
    default: return nil
    }
  }

  private init?(sending words: ArraySlice<Substring>) {
    var words = words
    var pieces: Int?
    if words.first == "bytewise" {
      pieces = 1
      words = words.dropFirst()
    } else if words.first == "split", words.count > 2 {
      guard let length = Int(words[words.startIndex + 1]), length > 0 else { return nil }
      pieces = length
      words = words.dropFirst(2)
    }
    var items: [HostileStationItem] = []
    for part in words.split(separator: ";") {
      guard let item = HostileStationItem(part) else { return nil }
      items.append(item)
    }
    self = .send(items, pieces: pieces)
  }
}

/// Octets of a write.
struct HostileStationItem: Sendable {
  enum Number: Sendable {
    case absolute(UInt16)
    case relative(Int)

    init?(_ word: Substring) {
      if word == "=" {
        self = .relative(0)
      } else if word.first == "+" || word.first == "-" {
        guard let step = Int(word) else { return nil }
        self = .relative(step)
      } else {
        guard let number = UInt16(word) else { return nil }
        self = .absolute(number)
      }
    }

    func value(from right: UInt16) -> UInt16 {
      switch self {
      case .absolute(let number): number & 0x7FFF
      case .relative(let step): UInt16(truncatingIfNeeded: Int(right) + step) & 0x7FFF
      }
    }
  }

  enum Part: Sendable {
    /// An I frame as it should be, whose ASDU the archive must hold.
    case asdu([UInt8])
    /// An I frame with these numbers; its ASDU must not be in the archive.
    case i(Number, Number, [UInt8])
    case s(Number)
    case raw([UInt8])
  }

  let part: Part
  let times: Int

  /// ASDUs that cases send often, of common address 47 and in the standard widths.
  private static let names: [String: String] = [
    "gi-con": "64 01 07 00 2f 00 00 00 00 14", "gi-term": "64 01 0a 00 2f 00 00 00 00 14",
    "ci-con": "65 01 07 00 2f 00 00 00 00 05", "ci-term": "65 01 0a 00 2f 00 00 00 00 05",
    "ei": "46 01 04 00 2f 00 00 00 00 00",
    // M_ME_NC_1 of object 5, spontaneous: 42 and 43.
    "float": "0d 01 03 00 2f 00 05 00 00 00 00 28 42 00", "float43": "0d 01 03 00 2f 00 05 00 00 00 00 2c 42 00",
    // The same, interrogated.
    "gi-float": "0d 01 14 00 2f 00 05 00 00 00 00 28 42 00",
    // M_IT_NA_1 of object 6: 1000, requested by general counter request.
    "ci-total": "0f 01 25 00 2f 00 06 00 00 e8 03 00 00 00",
  ]

  init?(_ words: ArraySlice<Substring>) {
    var words = words
    if let first = words.first, first.first == "x", let times = Int(first.dropFirst()) {
      self.times = times
      words = words.dropFirst()
    } else {
      times = 1
    }
    guard let kind = words.popFirst() else { return nil }
    switch kind {
    case "asdu":
      guard let bytes = HostileStationItem.bytes(words) else { return nil }
      part = .asdu(bytes)
    case "raw":
      guard let bytes = HostileStationItem.bytes(words) else { return nil }
      part = .raw(bytes)
    case "i":
      guard words.count >= 2, let send = words.popFirst().flatMap(Number.init),
        let receive = words.popFirst().flatMap(Number.init), let bytes = HostileStationItem.bytes(words)
      else { return nil }
      part = .i(send, receive, bytes)
    case "s":
      guard let number = words.first.flatMap(Number.init), words.count == 1 else { return nil }
      part = .s(number)
    case "u":
      guard let octet = words.first.flatMap({ UInt8($0, radix: 16) }), words.count == 1 else { return nil }
      part = .raw([0x68, 4, octet, 0, 0, 0])
    default: return nil
    }
  }

  /// Octets in hexadecimal, a name, or `00*7` for seven of them.
  static func bytes(_ words: ArraySlice<Substring>) -> [UInt8]? {
    var bytes: [UInt8] = []
    for word in words {
      if let named = names[String(word)] {
        bytes += named.split(separator: " ").compactMap { UInt8($0, radix: 16) }
        continue
      }
      let parts = word.split(separator: "*")
      guard let first = parts.first, first.count == 2, let octet = UInt8(first, radix: 16) else { return nil }
      guard parts.count <= 2, let count = parts.count == 2 ? Int(parts[1]) : 1 else { return nil }
      bytes += Array(repeating: octet, count: count)
    }
    return bytes
  }
}
