import Metering
import Testing

@testable import IEC104
@testable import Simulation

@Suite("Faults of a simulated station")
struct OutstationFaultTests {
  private func talk(endpoints: Int = 1) throws -> Conversation {
    try Conversation(substation([try feeder("a", base: 100)], endpoints: endpoints))
  }

  @Test("A silent station says nothing, and ends its connections when it is well again")
  func silent() throws {
    var talk = try talk()
    let old = talk.connect()
    let quiet = talk.connect(start: false)
    #expect(try talk.take(old).map(\.words) == ["70/4"])
    talk.machine.set(.silent, endpoint: 0, at: talk.now)
    talk.send(try .interrogation(commonAddress: 47), old)
    let new = talk.connect()
    talk.pass(milliseconds: 9_000)
    #expect(try talk.take(old) == [] && talk.take(new) == [])
    #expect(talk.clients[new]?.session.state == .starting)
    talk.machine.set(.none, endpoint: 0, at: talk.now)
    talk.exchange()
    for link in [old, new, quiet] { #expect(talk.clients[link]?.isClosed == true) }
    let again = talk.connect()
    #expect(talk.clients[again]?.session.state == .started)
  }

  @Test("STARTDT is not confirmed; test frames are, and later it is")
  func refusesStart() throws {
    var talk = try talk()
    talk.machine.set(.refusesStart, endpoint: 0, at: talk.now)
    let link = talk.connect()
    #expect(talk.clients[link]?.session.state == .starting && talk.machine.statistics.starts == 0)
    talk.pass(milliseconds: 20_000)
    // t1 of STARTDT act.
    #expect(talk.clients[link]?.session.state == .closed(.t1Start))
    talk.machine.closed(link: link)
    talk.machine.set(.none, endpoint: 0, at: talk.now)
    #expect(try talk.take(talk.connect()).map(\.words) == ["70/4"])
  }

  @Test("A slow station sends everything later, in order, also when it becomes fast again")
  func slow() throws {
    var talk = try talk()
    let link = talk.connect()
    _ = try talk.take(link)
    talk.machine.set(.slow(milliseconds: 3000), endpoint: 0, at: talk.now)
    talk.send(try .interrogation(commonAddress: 47), link)
    #expect(talk.machine.nextDeadline == talk.now.monotonic + 3_000_000_000)
    talk.pass(milliseconds: 2000)
    #expect(try talk.take(link) == [])
    talk.machine.set(.none, endpoint: 0, at: talk.now)
    talk.send(try .read(objectAddress: 101, commonAddress: 47), link)
    #expect(try talk.take(link) == [])
    talk.pass(milliseconds: 1000)
    let words = try talk.take(link).map(\.words)
    #expect(words.first == "100/7" && words.last == "13/5" && words.contains("100/10"))
    #expect(talk.clients[link]?.isClosed == false)
  }

  @Test("One endpoint refuses connections, the other goes on")
  func refusesConnections() throws {
    var talk = try talk(endpoints: 2)
    let first = talk.connect(endpoint: 0)
    talk.machine.set(.refusesConnections, endpoint: 0, at: talk.now)
    talk.exchange()
    #expect(talk.clients[first]?.isClosed == true)
    let refused = talk.connect(endpoint: 0)
    #expect(talk.clients[refused]?.isClosed == true)
    let other = talk.connect(endpoint: 1)
    #expect(talk.clients[other]?.session.state == .started)
  }

  @Test("Whatever octets come, it neither crashes nor sends what is no frame")
  func hostile() throws {
    var noise = DeterministicNoise(seed: 104, name: "hostile")
    for _ in 0..<300 {
      var talk = try talk()
      let link = talk.connect()
      _ = try talk.take(link)
      for number in 0..<20 {
        var asdu = (0..<(noise.next() % 30)).map { _ in UInt8(noise.next() % 256) }
        // Half of them begin like a command.
        if asdu.count > 9, noise.next().isMultiple(of: 2) {
          asdu[0] = UInt8(100 + noise.next() % 8)
          asdu[1] = UInt8(noise.next() % 3)
          asdu[2] = UInt8(noise.next() % 12)
          (asdu[4], asdu[5]) = noise.next().isMultiple(of: 3) ? (0xFF, 0xFF) : (47, 0)
        }
        var bytes: [UInt8] = []
        APCI.i(sendNumber: UInt16(number), receiveNumber: 0).append(to: &bytes, asduLength: asdu.count)
        bytes += asdu
        if noise.next().isMultiple(of: 40) { bytes[Int(noise.next() % 6)] ^= UInt8(noise.next() % 256) }
        bytes.withUnsafeBytes { talk.machine.received($0, link: link, at: talk.now) }
        talk.machine.tick(at: talk.now)
        for case .write(_, let written) in talk.machine.takeActions() {
          var place = 0
          while place < written.count {
            let rest = Array(written[place...])
            let length = try rest.withUnsafeBytes { try APCI.frameLength($0) }
            place += try #require(length)
          }
          #expect(place == written.count)
        }
      }
    }
  }
}
