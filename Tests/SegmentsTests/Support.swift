import Glibc
import Testing

@testable import Segments

/// SplitMix64: the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
}

/// `METERD_SEED=…` repeats a run; its seed is printed.
func seedOfRun(_ name: String) -> UInt64 {
  let seed = getenv("METERD_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 1...1_000_000)
  print("\(name): METERD_SEED=\(seed)")
  return seed
}

/// A directory that goes with it.
final class Folder {
  let path: String

  init() throws {
    var template = Array("/tmp/meterd-segments-XXXXXX".utf8CString)
    path = String(cString: try #require(mkdtemp(&template)))
  }

  deinit {
    for name in names { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  var names: [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  func file(_ name: String = "2026-11-21.mseg") -> String { "\(path)/\(name)" }
}

func octets(of path: String) throws -> [UInt8] {
  let storage = try SegmentStorage(path: path)
  return try storage.read(at: 0, count: storage.count)
}

/// A day's rows by source, with the shapes that they are given.
struct MadeDay {
  var segment = "2026-11-21"
  var site = "yangzhou-1"
  var sources: [(name: String, rows: [Row])] = []
  var shape: SourceBuilder.ShapeOf = MadeDay.shape

  func write(to path: String) throws -> SegmentSummary {
    let writer = try SegmentWriter(path: path, site: site, segment: segment, level: 3)
    for source in sources { try writer.add(builder(source)) }
    return try writer.finish()
  }

  private func builder(_ source: (name: String, rows: [Row])) throws -> SourceBuilder {
    let builder = SourceBuilder(source: source.name, shape: shape)
    for row in source.rows { try builder.append(row) }
    return builder
  }

  /// Of payloads that describe themselves: octet 0 is the count of registers, then each register's octets. 0xFF: no shape.
  static func shape(_ kind: UInt8, _ definition: String, _ payload: UnsafeRawBufferPointer) -> Shape? {
    guard let count = payload.first, count != 0xFF, payload.count == 1 + 4 * Int(count) else {
      return payload.isEmpty ? Shape(fixed: [], columns: []) : nil
    }
    let numbers: [(Shape.Number, Shape.Quarters, [UInt8])] = [
      (.unsigned, .counter, []), (.signed, .gauge, [3, 2, 1, 0]), (.float, .gauge, [2, 3, 0, 1]),
      (.float, .counter, []), (.unsigned, .none, [1, 0, 3, 2]), (.unsigned, .gauge, []),
    ]
    return Shape(
      fixed: [count] + [UInt8](repeating: 0, count: 4 * Int(count)),
      columns: (0..<Int(count)).map { place in
        let (number, quarters, order) = numbers[place % numbers.count]
        return Shape.Column(
          name: "holding/\(2 * place)/2", offset: 1 + 4 * place, width: 4, order: order, number: number,
          quarters: quarters)
      })
  }
}

extension Row {
  /// An ordinary poll of a minute with so many registers.
  static func poll(_ seq: UInt64, minute: Int, registers: Int, using random: inout SeededGenerator) -> Row {
    let due = 1_795_219_200_000 + Int64(minute) * 60_000
    let time = due + Int64.random(in: 5...40, using: &random)
    var payload = [UInt8(registers)]
    for register in 0..<registers {
      var value = UInt32(1_000 * register + minute * 3) + UInt32.random(in: 0...3, using: &random)
      if register % 6 == 2 || register % 6 == 3 { value = (230 + Float(value % 16) / 8).bitPattern }
      payload += (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }
    return Row(
      seq: seq, kind: 0, marks: 0, boot: "", definition: String(repeating: "ab", count: 32), time: time, due: due,
      received: time + Int64.random(in: 0...2, using: &random), payload: payload)
  }
}
