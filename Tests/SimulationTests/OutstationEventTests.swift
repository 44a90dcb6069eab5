import Metering
import Testing

@testable import IEC104
@testable import Simulation

/// What a station sends unasked, and what it must not lose.
@Suite("Events of a simulated station")
struct OutstationEventTests {
  private func started(
    _ options: SimulatedStation.Options = .init(spontaneousEveryMilliseconds: nil), k: Int = 12, endpoints: Int = 1
  ) throws -> (Conversation, Int) {
    var talk = try Conversation(
      substation(
        [try feeder("a", base: 100)], endpoints: endpoints, parameters: SessionParameters(k: k), options: options))
    let link = talk.connect()
    #expect(try talk.take(link).map(\.words) == ["70/4"])
    return (talk, link)
  }

  @Test("Gauges that have changed are sent once in the interval, with the station's time")
  func spontaneous() throws {
    var (talk, link) = try started(.init(spontaneousEveryMilliseconds: 1000, deadBand: 0))
    talk.pass(milliseconds: 400)
    #expect(try talk.take(link) == [])
    talk.pass(milliseconds: 600)
    let came = try talk.take(link)
    // Types 9, 11 and 13 are those of their points; x_load does not change sides within a second.
    #expect(came.map(\.words) == ["9/3", "11/3", "13/3", "36/3"] || came.map(\.words) == ["9/3", "13/3", "36/3"])
    let power = try #require(came.last)
    #expect(power.addresses == [101])
    // 2026-11-01 00:00:01 UTC
    let tag = try #require(power.objects.first?.time.cp56)
    #expect(tag == CP56Time2a(year: 26, month: 11, day: 1, dayOfWeek: 7, hour: 8, minute: 0, milliseconds: 1000))
    talk.pass(milliseconds: 10_000)
    #expect(try talk.take(link).count(where: { $0.words == "36/3" }) == 10)
  }

  @Test("Within the dead band nothing is sent")
  func deadBand() throws {
    var (talk, link) = try started(.init(spontaneousEveryMilliseconds: 1000, deadBand: 0.03))
    var last: [UInt32: Double] = [:]
    for address: UInt32 in [101, 102] {
      talk.send(try .read(objectAddress: address, commonAddress: 47), link)
      last[address] = number(try #require(try talk.take(link).first?.values.first))
    }
    talk.pass(milliseconds: 1_800_000)
    var sent = 0
    for object in try talk.take(link).filter({ [13, 36].contains($0.header.type.rawValue) }) {
      for (address, value) in zip(object.addresses, object.values) {
        let (before, now) = (try #require(last[address]), number(value))
        #expect(abs(now - before) > 0.0299 * before)
        last[address] = now
        sent += 1
      }
    }
    #expect(sent > 5 && sent < 1800)
  }

  private func number(_ value: ObjectValue) -> Double {
    if case .float(let number) = value { Double(number) } else { .nan }
  }

  @Test("An indication is sent when it changes sides, and then always")
  func indication() throws {
    var (talk, link) = try started(.init(spontaneousEveryMilliseconds: 60_000, deadBand: 1e9))
    // Sunday, Monday, Tuesday morning.
    talk.pass(milliseconds: 48 * 3_600_000, inStepsOf: 5000)
    let sides = try talk.take(link).filter { $0.words == "30/3" }.flatMap(\.values)
    #expect(sides.count >= 2)
    for (one, other) in zip(sides, sides.dropFirst()) { #expect(one != other) }
  }

  @Test("Totals are sent unasked where they shall be, as they stood at that instant")
  func spontaneousTotals() throws {
    var (talk, link) = try started(
      .init(spontaneousEveryMilliseconds: nil, totalsEveryMilliseconds: 900_000))
    talk.pass(milliseconds: 899_000)
    #expect(try talk.take(link) == [])
    talk.pass(milliseconds: 1_500)
    let came = try talk.take(link)
    #expect(came.map(\.words) == ["37/3"] && came[0].addresses == [106, 107])
    let kWh = try #require(
      talk.plant.value(of: "energy_active_import", meterID: "a", at: november + 900_000))
    #expect(came[0].values[0] == .counter(Int32(kWh * 100), sequence: 0, carry: false, adjusted: false))
    #expect(came[0].objects[0].time.cp56?.minute == 15 && came[0].objects[0].time.cp56?.milliseconds == 0)
  }

  @Test("At most k are on the way; each acknowledgement lets as many follow", arguments: [1, 12, 40])
  func window(_ k: Int) throws {
    var (talk, link) = try started(k: k)
    talk.pass(milliseconds: 11_000)
    talk.clients[link]?.acknowledges = false
    for number in 0..<100 { talk.machine.add(event: try event(number)) }
    talk.exchange()
    #expect(try talk.take(link).eventNumbers == Array(0..<k))
    #expect(talk.machine.statistics.unacknowledged == k && talk.machine.statistics.waiting == 100 - k)
    talk.acknowledge(link)
    talk.pass(milliseconds: 11_000)
    #expect(try talk.take(link).eventNumbers == Array(k..<min(100, 2 * k)))
    talk.clients[link]?.acknowledges = true
    talk.acknowledge(link)
    talk.pass(milliseconds: 1_200_000)
    #expect(try talk.take(link).eventNumbers == Array(min(100, 2 * k)..<100))
    #expect(talk.machine.statistics.acknowledged == 101 && talk.machine.statistics.overflow == 0)
  }

  @Test("What a lost connection leaves unacknowledged is sent again first, in order")
  func sentAgain() throws {
    var (talk, link) = try started()
    talk.pass(milliseconds: 11_000)
    talk.clients[link]?.acknowledges = false
    for number in 0..<20 { talk.machine.add(event: try event(number)) }
    talk.exchange()
    #expect(try talk.take(link).eventNumbers == Array(0..<12))
    talk.lose(link)
    talk.machine.add(event: try event(20))
    #expect(talk.machine.statistics.waiting == 21 && talk.machine.statistics.unacknowledged == 0)
    #expect(talk.machine.statistics.startedEndpoint == nil)
    let next = talk.connect()
    #expect(try talk.take(next).eventNumbers == Array(0..<21))
    #expect(talk.machine.statistics.sentAgain == 12)
  }

  @Test("Answers end with the connection that asked")
  func answersEnd() throws {
    var (talk, link) = try started(k: 1)
    talk.pass(milliseconds: 11_000)
    talk.clients[link]?.acknowledges = false
    talk.send(try .interrogation(commonAddress: 47), link)
    talk.machine.add(event: try event(1))
    #expect(try talk.take(link).map(\.words) == ["100/7"])
    talk.lose(link)
    let next = talk.connect()
    talk.pass(milliseconds: 60_000)
    #expect(try talk.take(next).map(\.words) == ["13/3"])
  }

  @Test("STARTDT on another connection takes over; what the first did not acknowledge goes over to it")
  func takeOver() throws {
    var (talk, first) = try started(endpoints: 2)
    talk.pass(milliseconds: 11_000)
    let second = talk.connect(endpoint: 1, start: false)
    talk.clients[first]?.acknowledges = false
    for number in 0..<20 { talk.machine.add(event: try event(number)) }
    talk.exchange()
    #expect(try talk.take(first).eventNumbers == Array(0..<12) && talk.take(second) == [])
    talk.clients[second]?.session.start(at: talk.now.monotonic)
    talk.exchange()
    #expect(try talk.take(second).eventNumbers == Array(0..<20) && talk.take(first) == [])
    #expect(talk.machine.statistics.startedEndpoint == 1 && talk.machine.statistics.starts == 2)
    // And back, on the connection that was never told to stop.
    talk.clients[first]?.session = Session(role: .controlling)
    talk.clients[first]?.session.opened(at: talk.now.monotonic)
    talk.clients[first]?.session.start(at: talk.now.monotonic)
    talk.exchange()
    #expect(talk.machine.statistics.startedEndpoint == 0)
    // Data on the one that is not started any more end it.
    talk.send(try .interrogation(commonAddress: 47), second)
    #expect(talk.clients[second]?.isClosed == true)
  }

  @Test("STOPDT is confirmed once all is acknowledged; later events wait for the next start")
  func stop() throws {
    var (talk, link) = try started()
    for number in 0..<5 { talk.machine.add(event: try event(number)) }
    talk.exchange()
    talk.clients[link]?.session.stop(at: talk.now.monotonic)
    talk.exchange()
    #expect(talk.clients[link]?.session.state == .stopped && talk.machine.statistics.startedEndpoint == nil)
    #expect(talk.machine.statistics.acknowledged == 6 && talk.machine.statistics.unacknowledged == 0)
    talk.machine.add(event: try event(5))
    talk.exchange()
    #expect(try talk.take(link).eventNumbers == Array(0..<5))
    talk.clients[link]?.session.start(at: talk.now.monotonic)
    talk.exchange()
    #expect(try talk.take(link).eventNumbers == [5] && talk.machine.statistics.sentAgain == 0)
  }

  @Test("A full buffer loses the oldest and counts them")
  func overflow() throws {
    var talk = try Conversation(
      substation([try feeder("a", base: 100)], options: .init(spontaneousEveryMilliseconds: nil, bufferLimit: 10)))
    for number in 0..<25 { talk.machine.add(event: try event(number)) }
    #expect(talk.machine.statistics.waiting == 10 && talk.machine.statistics.overflow == 16)
    let link = talk.connect()
    #expect(try talk.take(link).eventNumbers == Array(15..<25))
  }

  @Test("A flood of events does not starve an interrogation")
  func flood() throws {
    var (talk, link) = try started(.init(spontaneousEveryMilliseconds: nil, bufferLimit: 10_000))
    for number in 0..<1000 { talk.machine.add(event: try event(number)) }
    talk.send(try .interrogation(commonAddress: 47), link)
    talk.pass(milliseconds: 1_000_000)
    let words = try talk.take(link).map(\.words)
    let end = try #require(words.firstIndex(of: "100/10"))
    #expect(words.count == 1006 && end < 100)
  }

  @Test("The windows' numbers go round 32768")
  func wrap() throws {
    var (talk, link) = try started(.init(spontaneousEveryMilliseconds: nil, bufferLimit: 100_000))
    for number in 0..<40_000 { talk.machine.add(event: try event(number)) }
    talk.exchange()
    while talk.machine.statistics.waiting > 0 || talk.machine.statistics.unacknowledged > 8 {
      talk.pass(milliseconds: 11_000)
      try #require(talk.clients[link]?.isClosed == false)
    }
    #expect(try talk.take(link).eventNumbers == Array(0..<40_000))
  }
}
