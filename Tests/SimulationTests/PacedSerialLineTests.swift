import Glibc
import Metering
import Simulation
import Testing

@Suite("Paced serial line")
struct PacedSerialLineTests {
  @Test("Characters and silences of common lines")
  func arithmetic() throws {
    let slow = try #require(SerialPacing(baud: 9600))
    #expect(slow.nanoseconds(characters: 1) == 1_041_666 && slow.nanoseconds(characters: 9600) == 10_000_000_000)
    #expect(slow.silenceNanoseconds == 3_645_833)
    let even = try #require(SerialPacing(baud: 19_200, bitsPerCharacter: 11))
    #expect(even.nanoseconds(characters: 19_200) == 11_000_000_000 && even.silenceNanoseconds == 2_005_208)
    #expect(try #require(SerialPacing(baud: 115_200)).silenceNanoseconds == 1_750_000)
    #expect(SerialPacing(baud: 0) == nil && SerialPacing(baud: 9600, bitsPerCharacter: 0) == nil)
  }

  private static let image = FixedImage([
    .holding: Dictionary(uniqueKeysWithValues: (0..<20).map { ($0, 0x1100 + $0) })
  ])
  /// Three registers from 0 of unit 1; what 8 + 11 characters say.
  private static let request: [UInt8] = [1, 3, 0, 0, 0, 3, 0x05, 0xCB]
  private static let reply: [UInt8] = [1, 3, 6, 0x11, 0, 0x11, 1, 0x11, 2]

  private func nanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// So many bytes, and when each was there.
  private func receive(_ count: Int, from descriptor: Int32) throws -> [(byte: UInt8, at: Int64)] {
    var result: [(byte: UInt8, at: Int64)] = []
    while result.count < count {
      var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      try #require(poll(&event, 1, 20_000) == 1, "nothing came after \(result.count) bytes")
      var bytes = [UInt8](repeating: 0, count: 256)
      let length = read(descriptor, &bytes, bytes.count)
      try #require(length > 0)
      let now = nanoseconds()
      result += bytes[..<length].map { ($0, now) }
    }
    return result
  }

  private func withLine(
    _ pacing: SerialPacing, turnaround: Int = 0, unit: SimulatedUnit = SimulatedUnit(image),
    _ body: (Int32) throws -> Void
  ) async throws {
    try await withTemporaryDirectory { directory in
      let line = try SimulatedSerialLine.start(
        devicePath: directory + "/tty", units: [1: unit], turnaroundMilliseconds: turnaround, pacing: pacing)
      let descriptor = open(directory + "/tty", O_RDWR | O_NOCTTY)
      do {
        try #require(descriptor >= 0)
        try body(descriptor)
      } catch {
        close(descriptor)
        await line.stop()
        throw error
      }
      close(descriptor)
      await line.stop()
    }
  }

  @Test(
    "No character comes before its time",
    arguments: [(9600, 10, 0), (9600, 11, 30), (19_200, 10, 5), (115_200, 11, 0), (1200, 10, 0)])
  func neverFaster(baud: Int, bits: Int, turnaround: Int) async throws {
    let pacing = try #require(SerialPacing(baud: baud, bitsPerCharacter: bits))
    try await withLine(pacing, turnaround: turnaround) { descriptor in
      for _ in 0..<3 {
        let start = nanoseconds()
        try #require(write(descriptor, Self.request, 8) == 8)
        let received = try receive(11, from: descriptor)
        #expect(received.map(\.byte).starts(with: Self.reply) && received.count == 11)
        let requestAndSilence = pacing.nanoseconds(characters: 8) + pacing.silenceNanoseconds
        for (index, character) in received.enumerated() {
          let least = requestAndSilence + Int64(turnaround) * 1_000_000 + pacing.nanoseconds(characters: index + 1)
          #expect(character.at - start >= least, "character \(index)")
        }
      }
    }
  }

  @Test("Requests that come too early wait for the line, in order")
  func order() async throws {
    let pacing = try #require(SerialPacing(baud: 19_200))
    try await withLine(pacing) { descriptor in
      // One register each, from 4, 5 and 6; in one write.
      let requests: [[UInt8]] = [
        [1, 3, 0, 4, 0, 1, 0xC5, 0xCB], [1, 3, 0, 5, 0, 1, 0x94, 0x0B], [1, 3, 0, 6, 0, 1, 0x64, 0x0B],
      ]
      let start = nanoseconds()
      try #require(write(descriptor, requests.flatMap { $0 }, 24) == 24)
      let received = try receive(21, from: descriptor)
      #expect([4, 11, 18].map { received[$0].byte } == [4, 5, 6])
      let least = pacing.nanoseconds(characters: 45) + 3 * pacing.silenceNanoseconds
      #expect(received[20].at - start >= least - 3)
    }
  }

  @Test("A request that comes in pieces is one request")
  func pieces() async throws {
    try await withLine(try #require(SerialPacing(baud: 115_200))) { descriptor in
      for byte in Self.request { try #require(write(descriptor, [byte], 1) == 1) }
      #expect(try receive(11, from: descriptor).map(\.byte).starts(with: Self.reply))
    }
  }

  @Test("A slow unit is slower by as much; after silence the line lives")
  func slowAndSilent() async throws {
    let unit = SimulatedUnit(Self.image)
    let pacing = try #require(SerialPacing(baud: 115_200))
    try await withLine(pacing, unit: unit) { descriptor in
      unit.fault = .slow(milliseconds: 70)
      let start = nanoseconds()
      try #require(write(descriptor, Self.request, 8) == 8)
      let received = try receive(11, from: descriptor)
      #expect(received[0].at - start >= 70_000_000 + pacing.nanoseconds(characters: 9) + pacing.silenceNanoseconds)
      unit.fault = .silent
      try #require(write(descriptor, Self.request, 8) == 8)
      var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      #expect(poll(&event, 1, 200) == 0)
      unit.fault = .busy(code: 6, times: 1)
      try #require(write(descriptor, Self.request, 8) == 8)
      #expect(try receive(5, from: descriptor).map(\.byte).starts(with: [1, 0x83, 6]))
    }
  }

  @Test("A line ends in the middle of a reply")
  func stopInReply() async throws {
    // 50 baud: the reply takes two seconds, and nobody waits for it.
    try await withLine(try #require(SerialPacing(baud: 50))) { descriptor in
      try #require(write(descriptor, Self.request, 8) == 8)
    }
  }
}
