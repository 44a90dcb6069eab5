import Foundation
import GRDB
import Metering
import Testing

@testable import Archive

/// The rows of stations: kinds 4, 5 and 6.
@Suite struct StationRowTests {
  private struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state.byteSwapped
    }
  }

  private func octets(_ count: Int, _ generator: inout Generator) -> [UInt8] {
    (0..<count).map { _ in .random(in: .min ... .max, using: &generator) }
  }

  private func content(_ generator: inout Generator) -> Observation.Content {
    switch Int.random(in: 0..<3, using: &generator) {
    case 0:
      return .asdu(
        ReceivedASDU(
          bytes: octets(Int.random(in: 0...249, using: &generator), &generator),
          link: .random(in: .min ... .max, using: &generator),
          repeated: octets(Int.random(in: 0...127, using: &generator), &generator)))
    case 1:
      let codes: [UInt16] = [0, 1, 2, 3, 4, 5, 256, 300, 511]
      let absent: [UInt32]? =
        Bool.random(using: &generator)
        ? nil
        : (0..<Int.random(in: 0...300, using: &generator)).map { _ in
          .random(in: 0...0xFF_FFFF, using: &generator)
        }
      return .interrogation(
        Interrogation(
          kind: Interrogation.Kind.allCases.randomElement(using: &generator) ?? .general,
          commonAddress: .random(in: .min ... .max, using: &generator),
          qualifier: .random(in: .min ... .max, using: &generator),
          outcome: codes.randomElement(using: &generator).flatMap(Interrogation.Outcome.init(code:)) ?? .late,
          absent: absent))
    default:
      let scalars = (0..<Int.random(in: 0...200, using: &generator)).compactMap { _ in
        Unicode.Scalar(UInt32.random(in: 0...0x10_FFFF, using: &generator))
      }
      var text = ""
      text.unicodeScalars.append(contentsOf: scalars)
      return .link(isUp: Bool.random(using: &generator), reason: text)
    }
  }

  @Test func whateverIsWrittenIsRead() throws {
    var generator = Generator(state: 104)
    for _ in 0..<3000 {
      let content = content(&generator)
      var payload: [UInt8] = []
      ObservationRow.encode(content, into: &payload)
      #expect(ObservationRow.decode(ObservationRow.kind(of: content), payload) == content)
      #expect(ObservationRow.until(of: content) == nil && ObservationRow.outcome(of: content) == 0)
    }
  }

  /// Numbers that other programs rely on.
  @Test func theBytes() {
    func bytes(_ content: Observation.Content) -> [UInt8] {
      var payload: [UInt8] = []
      ObservationRow.encode(content, into: &payload)
      return payload
    }
    #expect(bytes(.asdu(.init(bytes: [9, 8], link: 3, repeated: [5, 7]))) == [1, 3, 2, 5, 7, 9, 8])
    let refused = Interrogation(
      kind: .counter, commonAddress: 0x1234, qualifier: 5, outcome: .refused(cause: 45), absent: [0x56_789A])
    #expect(bytes(.interrogation(refused)) == [1, 1, 0x34, 0x12, 5, 45, 1, 0, 0x9A, 0x78, 0x56, 0])
    let nothing = Interrogation(kind: .general, commonAddress: 1, qualifier: 20, outcome: .timeout, absent: nil)
    #expect(bytes(.interrogation(nothing)) == [1, 0, 1, 0, 20, 1, 0, 1])
    #expect(bytes(.link(isUp: true, reason: "é")) == [1, 1, 0xC3, 0xA9])
    #expect(ObservationRow.Kind.allStations.map(\.rawValue) == [4, 5, 6])
  }

  @Test func whatIsDamagedIsRefused() {
    let whole: [UInt8] = [1, 1, 0x34, 0x12, 5, 45, 1, 0, 0x9A, 0x78, 0x56, 0]
    #expect(ObservationRow.decode(.interrogation, whole) != nil)
    for count in 0..<whole.count where count != 8 {
      #expect(ObservationRow.decode(.interrogation, Array(whole[..<count])) == nil, "\(count) bytes")
    }
    for (place, byte) in [(0, 0), (0, 2), (1, 2), (5, 6), (6, 2), (7, 2)] as [(Int, UInt8)] {
      var bytes = whole
      // Of the outcome both bytes count.
      if place == 5 { bytes[6] = 0 }
      bytes[place] = byte
      #expect(ObservationRow.decode(.interrogation, bytes) == nil, "byte \(place) is \(byte)")
    }
    for bytes in [[], [1], [1, 0], [1, 0, 1], [1, 0, 3, 1, 2], [2, 0, 0]] as [[UInt8]] {
      #expect(ObservationRow.decode(.asdu, bytes) == nil, "\(bytes)")
    }
    for bytes in [[], [1], [1, 2], [0, 1, 65], [1, 1, 0xC3], [1, 0, 0xFF]] as [[UInt8]] {
      #expect(ObservationRow.decode(.link, bytes) == nil, "\(bytes)")
    }
  }

  /// Bug: addresses behind "nothing came" were passed over.
  @Test func absentObjectsAndNothingCameContradictEachOther() {
    #expect(ObservationRow.decode(.interrogation, [1, 0, 1, 0, 20, 1, 0, 1, 9, 0, 0, 0]) == nil)
  }

  @Test func randomBytesNeverTrap() {
    var generator = Generator(state: 7)
    for _ in 0..<20_000 {
      var bytes = octets(Int.random(in: 0...24, using: &generator), &generator)
      if !bytes.isEmpty, Bool.random(using: &generator) { bytes[0] = 1 }
      for kind in ObservationRow.Kind.allStations {
        // What is read must be what would be written.
        guard let content = ObservationRow.decode(kind, bytes) else { continue }
        var again: [UInt8] = []
        ObservationRow.encode(content, into: &again)
        #expect(again == bytes)
      }
    }
  }

  private let scratch = Scratch()

  @Test func theThreeKindsComeBackFromTheDisk() async throws {
    var generator = Generator(state: 5)
    var offered: [Observation] = []
    let archive = try open(scratch)
    for seq in 1...300 {
      var observation = Observation(
        meterID: ["east", "west"].randomElement(using: &generator) ?? "", time: start - Int64(seq), due: nil,
        received: start + Int64(seq), definition: "", marks: seq % 3 == 0 ? .repeatedLabel : [],
        content: content(&generator))
      if seq % 2 == 0 { observation.due = start - 1 }
      #expect(archive.offer(observation))
      observation.seq = UInt64(seq)
      offered.append(observation)
    }
    await archive.close()
    #expect(try entries(scratch) == offered)
  }

  @Test func aBitThatTippedOnTheDiskIsFound() async throws {
    let archive = try open(scratch)
    #expect(archive.offer(try tagged([(700, 5, start)], received: start)))
    #expect(archive.offer(interrogation(.complete, due: start, received: start, absent: [1])))
    #expect(archive.offer(link(false, at: start)))
    await archive.close()
    let path = ArchiveLayout(root: scratch.path + "/archive").hotFile("2026-11-21")
    #expect(try entries(scratch).count == 3)
    for seq in 1...3 {
      let flip = "UPDATE observation SET payload = ? WHERE seq = ?"
      let queue = try DatabaseQueue(path: path)
      let before = try await queue.write { db in
        let payload = try Data.fetchOne(db, sql: "SELECT payload FROM observation WHERE seq = ?", arguments: [seq])
        var damaged = try #require(payload)
        damaged[damaged.count - 1] ^= 1
        try db.execute(sql: flip, arguments: [damaged, seq])
        return payload
      }
      #expect(throws: ArchiveError.self) { try entries(scratch) }
      try await queue.write { db in try db.execute(sql: flip, arguments: [before, seq]) }
      try queue.close()
    }
    #expect(try entries(scratch).count == 3)
  }
}

extension ObservationRow.Kind {
  fileprivate static let allStations: [ObservationRow.Kind] = [.asdu, .interrogation, .link]
}
