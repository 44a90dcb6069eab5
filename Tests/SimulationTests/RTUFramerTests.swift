import Testing

@testable import Simulation

@Suite("RTU framer")
struct RTUFramerTests {
  static func framed(_ bytes: [UInt8]) -> [UInt8] {
    let crc = RTUFramer.checksum(bytes)
    return bytes + [UInt8(crc & 0xFF), UInt8(crc >> 8)]
  }

  static let requests: [[UInt8]] = [
    framed([1, 3, 0, 0, 0, 2]), framed([2, 17]), framed([3, 43, 14, 1, 0]),
    framed([4, 16, 0, 1, 0, 2, 4, 1, 2, 3, 4]), framed([5, 1, 0, 0, 0, 8]),
  ]

  @Test("The checksum is the one of the specification's clause 6.2.2: 02 07 has 41 12")
  func checksum() { #expect(Self.framed([2, 7]) == [2, 7, 0x41, 0x12]) }

  @Test("Requests are found however the stream is cut", arguments: 1...40)
  func splits(chunk: Int) {
    let stream = Self.requests.flatMap { $0 }
    var framer = RTUFramer()
    var frames: [[UInt8]] = []
    for start in stride(from: 0, to: stream.count, by: chunk) {
      frames += framer.append(stream[start..<min(start + chunk, stream.count)])
    }
    #expect(frames == Self.requests)
    #expect(!framer.awaitsSilence)
  }

  @Test("After a bit error nothing counts until the line is silent")
  func broken() {
    for bit in 0..<64 {
      var framer = RTUFramer()
      var wrong = Self.requests[0]
      wrong[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(framer.append(wrong).isEmpty)
      #expect(framer.awaitsSilence)
      #expect(framer.silence() == nil)
      #expect(framer.append(Self.requests[0]) == [Self.requests[0]])
    }
  }

  @Test("An unknown function's frame ends with the silence; an endless one is forgotten")
  func unknown() {
    var framer = RTUFramer()
    let unknown = Self.framed([1, 100, 1, 2, 3])
    #expect(framer.append(unknown).isEmpty)
    #expect(framer.silence() == unknown)
    #expect(framer.silence() == nil)
    // Of function 43 only MEI type 14 has a known length.
    let canOpen = Self.framed([1, 43, 13, 0, 1, 2, 3, 4, 5])
    #expect(framer.append(canOpen).isEmpty)
    #expect(framer.silence() == canOpen)
    for _ in 0..<1000 { #expect(framer.append([9, 100]).isEmpty) }
    #expect(framer.silence() == nil)
  }
}
