import Foundation
import IEC104
import IEC104Client
import Testing

// How a case says what a station does. A case is a file `HostileStationCases/<name>.case`; `#` begins a comment. Its lines:
//
//   for X in A B C                    run once with each of these words; $X stands for it in the other lines. `for` again: each
//                                     with each
//   widths CAUSE COMMON OBJECT        octets of cause, common address and object address; 2 2 3 without the line
//   private TYPE SIZE                 octets of an element of a private type
//   client KEY VALUE …                k w t1 t2 t3 procedure (its inactivity, ms) startup (none | gi | both)
//   station KEY VALUE …               zone OFFSET
//
// Steps, carried out one after the other; the first is to accept a connection, after which come no steps that the case
// does not have:
//
//   start                             await STARTDT act, confirm it
//   await u OCTET                     a U frame; `await gi`, `await ci`: the request; `await s N`: an N(R) of N; `await end`: the
//                                     client ends the connection
//   send [bytewise | split N] ITEM; … in one write, or in pieces. Items, each with `xN` before it for N of them:
//     asdu OCTETS                     in an I frame as it should be; the archive must have it
//     i NS NR OCTETS                  in an I frame with these numbers (`=` the right one, `+1`, `-1`, or absolute); the archive
//                                     must not have it
//     s NR, u OCTET                   an S or U frame
//     raw OCTETS                      anything
//   flood ITEM KEY N                  again and again until KEY of the status is N
//   until KEY N                       wait for that
//   loop N, end                       the lines in between, N times
//   close, reset, half-close, accept  of connections
//   commits fail, commits work        of the archive
//   fill                              the archive's window, so that it takes nothing more
//   due general, due counter          a slot has come
//   pause MS
//   at-stop ITEM; …                   in place of STOPDT con, at the very end
//
// After them the station is a good one: on the same connection where the case says `contained`, on the next one where it says
// `closes`. It answers what it is asked and sends one last value.
//
//   contained
//   closes WORDS                      the client ends the connection, and the status says so in these words
//   ends WORDS                        the station did, or the network
//   reading QUANTITY VALUE [QUALITY [FLAGS]]   all readings that come of what was sent, in order; VALUE `-`: none
//   count KEY N                       of the status, at the end
//   says WORDS                        the newest error of the station in the status
//   outcome general | counter WORDS   of the last one

/// One case.
struct HostileStationCase: Sendable, CustomTestStringConvertible {
  enum End: Sendable, Hashable {
    case contained
    case closes(String)
    case ends(String)
  }

  let name: String
  var format = ASDUFormat.standard
  var zone = "UTC"
  var session = SessionParameters()
  var procedureMilliseconds = 30_000
  var startup: [Procedures.Kind] = [.general(qualifier: 20), .counter(.read, qualifier: 5)]
  var steps: [HostileStationStep] = []
  /// Nil: STOPDT con.
  var atStop: [HostileStationItem]?
  var end: End?
  var readings: [String] = []
  var counts: [(key: String, value: UInt64)] = []
  var says: [String] = []
  var outcomes: [(isCounter: Bool, words: String)] = []

  var testDescription: String { name }

  init(_ name: String) { self.name = name }

  static let directory = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "HostileStationCases").path

  /// Every case with each of its words; an error names file and line.
  static func all() throws -> [HostileStationCase] {
    let files = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".case") }
    let written = try files.sorted().flatMap { file in
      try read(String(contentsOfFile: "\(directory)/\(file)", encoding: .utf8), file: file)
    }
    return try written + HostileStationTables.all()
  }

  static func read(_ text: String, file: String) throws -> [HostileStationCase] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { number, line in
      let words = line.prefix { $0 != "#" }.split(separator: " ").joined(separator: " ")
      return words.isEmpty ? nil : (number: number + 1, text: words)
    }
    var variants: [[(name: String, word: String)]] = [[]]
    for line in lines where line.text.hasPrefix("for ") {
      let words = line.text.split(separator: " ").map(String.init)
      guard words.count > 3, words[2] == "in" else { throw HostileProblem("\(file):\(line.number): '\(line.text)'") }
      variants = variants.flatMap { variant in words.dropFirst(3).map { variant + [(words[1], $0)] } }
    }
    return try variants.map { variant in
      let stem = String(file.dropLast(".case".count))
      var new = HostileStationCase(variant.reduce(stem) { $0 + " \($1.name)=\($1.word)" })
      var open: [(count: Int, steps: [HostileStationStep])] = []
      for line in lines where !line.text.hasPrefix("for ") {
        let text = variant.reduce(line.text) { $0.replacingOccurrences(of: "$\($1.name)", with: $1.word) }
        guard new.take(text.split(separator: " "), &open) else {
          throw HostileProblem("HostileStationCases/\(file):\(line.number): '\(text)' is no line of a case")
        }
      }
      guard new.end != nil, open.isEmpty else {
        throw HostileProblem("HostileStationCases/\(file): no end, or a loop without one")
      }
      return new
    }
  }

  /// False where the line cannot be understood.
  private mutating func take(_ words: [Substring], _ open: inout [(count: Int, steps: [HostileStationStep])]) -> Bool {
    let rest = words.dropFirst().joined(separator: " ")
    switch words[0] {
    case "widths":
      let widths = words.dropFirst().compactMap { Int($0) }
      guard widths.count == 3 else { return false }
      format = ASDUFormat(
        causeSize: widths[0], commonAddressSize: widths[1], objectAddressSize: widths[2],
        privateTypeSizes: format.privateTypeSizes)
    case "private":
      guard words.count == 3, let type = UInt8(words[1]), let size = Int(words[2]) else { return false }
      format = ASDUFormat(
        causeSize: format.causeSize, commonAddressSize: format.commonAddressSize,
        objectAddressSize: format.objectAddressSize,
        privateTypeSizes: format.privateTypeSizes.merging([type: size]) { $1 })
    case "client", "station":
      for place in stride(from: 1, to: words.count - 1, by: 2) where !set(words[place], words[place + 1]) {
        return false
      }
    case "loop":
      guard let count = Int(rest) else { return false }
      open.append((count, []))
    case "end":
      guard let loop = open.popLast() else { return false }
      add(.loop(loop.count, loop.steps), &open)
    case "at-stop":
      let items = words.dropFirst().flatMap(HostileStationCase.pieces).split(separator: ";").map {
        HostileStationItem($0)
      }
      guard items.allSatisfy({ $0 != nil }) else { return false }
      atStop = items.compactMap { $0 }
    case "contained": end = .contained
    case "closes": end = .closes(rest)
    case "ends": end = .ends(rest)
    case "reading": readings.append(rest)
    case "count":
      guard words.count == 3, let value = UInt64(words[2]) else { return false }
      counts.append((String(words[1]), value))
    case "says": says.append(rest)
    case "outcome":
      guard words.count > 2 else { return false }
      outcomes.append((words[1] == "counter", words.dropFirst(2).joined(separator: " ")))
    default:
      guard let step = HostileStationStep(words.flatMap(HostileStationCase.pieces)) else { return false }
      add(step, &open)
    }
    return true
  }

  /// A semicolon is a word of its own.
  private static func pieces(_ word: Substring) -> [Substring] {
    word.last == ";" && word.count > 1 ? [word.dropLast(), ";"] : [word]
  }

  private mutating func add(_ step: HostileStationStep, _ open: inout [(count: Int, steps: [HostileStationStep])]) {
    if open.isEmpty { steps.append(step) } else { open[open.count - 1].steps.append(step) }
  }

  private mutating func set(_ key: Substring, _ value: Substring) -> Bool {
    let number = Int(value) ?? 0
    switch key {
    case "k": session.k = number
    case "w": session.w = number
    case "t1": session.t1Milliseconds = number
    case "t2": session.t2Milliseconds = number
    case "t3": session.t3Milliseconds = number
    case "uncommitted": session.uncommittedLimit = number
    case "procedure": procedureMilliseconds = number
    case "startup" where value == "none": startup = []
    case "startup" where value == "gi": startup = [.general(qualifier: 20)]
    case "startup" where value == "both": return true
    case "zone": zone = String(value)
    default: return false
    }
    return key == "startup" || key == "zone" || number > 0
  }
}
