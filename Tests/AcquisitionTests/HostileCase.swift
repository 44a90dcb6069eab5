import Foundation
import Testing

// How a case says what the ill unit does. A case is a file `HostileCases/<name>.case`; `#` begins a comment. Its lines:
//
//   for P in 0-12                     run once with each of these numbers; $P stands for it in the other lines
//   over tcp rtu-over-tcp pty         where it is run; `rtu` is short for the latter two; without the line: everywhere
//   bus echoes | any-unit | pipeline 4  a setting of the bus
//   ill 1-3: STEP; STEP               the answer to requests 1 to 3 to the ill unit, counted from its second cycle on
//   all: STEP; STEP                   the answer to every other request of both units; without the line: `reply`
//   expect [TRANSPORT] FLAG FLAG      how blocks of the ill unit may end that fail: `timeout`, `crc`, …; without `ok` among
//                                     them one must
//
// Steps that make bytes, in the order in which they are sent; all of a line in one write:
//
//   reply                             the right reply
//   reply wrong FIELD                 with something else in one field: unit, function, bytecount; tcp: tid+, tid-,
//                                     protocol, length+, length-; rtu: crc
//   reply registers N                 a reply with so many registers, sound in itself
//   exception CODE
//   echo                              the request
//   foreign                           a request to a third unit and its reply
//   send HEX                          {unit} {function} {bytecount} {data} are of the right reply, {tid} is the request's
//                                     transaction id, {crc} the checksum over what stands before it
//   noise N                           so many bytes that follow no rule
//   silence                           none
//
// Steps that say how:
//
//   split N                           in pieces of N bytes, a little apart
//   cut P                             only the first P bytes
//   hang up                           then close the connection
//   late N                            not now, but just before the answer to the Nth later request on the line; given up
//                                     where that comes so late that the bus need not expect it any more
//   late own N                        to the Nth later request to the same unit

/// One case on one transport.
struct HostileCase: Sendable, CustomTestStringConvertible {
  enum Transport: String, Sendable, CaseIterable {
    case tcp, pty
    case rtuOverTCP = "rtu-over-tcp"

    /// The transports that a word of a case stands for.
    static func named(_ word: Substring) -> [Transport]? {
      word == "rtu" ? [.rtuOverTCP, .pty] : Transport(rawValue: String(word)).map { [$0] }
    }
  }

  let name: String
  let transport: Transport
  private(set) var echoes = false
  private(set) var acceptsAnyUnit = false
  private(set) var pipeline = 1
  /// By the number of the request.
  private(set) var ill: [Int: HostileAnswer] = [:]
  private(set) var all = HostileAnswer.reply
  /// The flags of outcomes.
  private(set) var expected: Set<String> = []

  var testDescription: String { "\(name) over \(transport.rawValue)" }
  var isRTU: Bool { transport != .tcp }
  var lastIllRequest: Int { ill.keys.max() ?? 0 }

  /// Where the cases lie.
  static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "HostileCases").path

  /// Every case with each of its numbers on each of its transports; an error names file and line.
  static func all() throws -> [HostileCase] {
    let files = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".case") }
    return try files.sorted().flatMap { file in
      let text = try String(contentsOfFile: "\(directory)/\(file)", encoding: .utf8)
      return try read(text, file: file)
    }
  }

  static func read(_ text: String, file: String) throws -> [HostileCase] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { number, line in
      let words = line.prefix { $0 != "#" }.split(separator: " ").joined(separator: " ")
      return words.isEmpty ? nil : (number: number + 1, text: words)
    }
    var variants: [(name: String, number: String)] = [("", "")]
    var transports = Transport.allCases
    var variable = "$"
    for line in lines {
      let words = line.text.split(separator: " ")
      if words[0] == "for", words.count == 4, let range = HostileAnswer.range(words[3]) {
        variable = "$" + words[1]
        variants = range.map { (" \(words[1])=\($0)", String($0)) }
      } else if words[0] == "over" {
        transports = words.dropFirst().flatMap { Transport.named($0) ?? [] }
      }
    }
    let stem = String(file.dropLast(".case".count))
    return try variants.flatMap { variant in
      try transports.map { transport in
        var new = HostileCase(name: stem + variant.name, transport: transport)
        for line in lines {
          let text = line.text.replacingOccurrences(of: variable, with: variant.number)
          guard new.take(variant.number.isEmpty ? line.text : text) else {
            throw HostileProblem("HostileCases/\(file):\(line.number): '\(line.text)' is no line of a case")
          }
        }
        guard !new.ill.isEmpty, !new.expected.isEmpty else {
          throw HostileProblem("HostileCases/\(file): no 'ill' or no 'expect' over \(transport.rawValue)")
        }
        return new
      }
    }
  }

  private init(name: String, transport: Transport) {
    self.name = name
    self.transport = transport
  }

  /// False where the line cannot be understood.
  private mutating func take(_ line: String) -> Bool {
    let words = line.split(separator: " ")
    switch words[0] {
    case "for": return words.count == 4 && words[2] == "in" && HostileAnswer.range(words[3]) != nil
    case "over": return words.count > 1 && words.dropFirst().allSatisfy { Transport.named($0) != nil }
    case "bus":
      if words.dropFirst() == ["echoes"] { echoes = true }
      if words.dropFirst() == ["any-unit"] { acceptsAnyUnit = true }
      if words.count == 3, words[1] == "pipeline", let number = Int(words[2]) { pipeline = number }
      return echoes || acceptsAnyUnit || pipeline > 1
    case "all:":
      guard let answer = HostileAnswer(line.dropFirst(4)) else { return false }
      all = answer
      return true
    case "ill":
      let parts = line.dropFirst(4).split(separator: ":", maxSplits: 1)
      guard parts.count == 2, let range = HostileAnswer.range(parts[0]), let answer = HostileAnswer(parts[1]) else {
        return false
      }
      for number in range { ill[number] = answer }
      return true
    case "expect":
      var flags = words.dropFirst()
      if let first = flags.first, let only = Transport.named(first) {
        guard only.contains(transport) else { return flags.count > 1 }
        flags = flags.dropFirst()
      }
      expected = Set(flags.map(String.init))
      return !flags.isEmpty
    default: return false
    }
  }
}

/// Why a case could not be carried out.
struct HostileProblem: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
