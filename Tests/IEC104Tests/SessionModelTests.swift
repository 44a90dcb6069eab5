import Testing

@testable import IEC104

/// Two sessions joined by a pipe that loses nothing but cuts and delays as it likes, under a clock set by hand, with commits
/// when it pleases chance. One seed is one run.
@Suite struct SessionModelTests {
  struct Dice: RandomNumberGenerator {
    var state: UInt64
    // SplitMix64.
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  /// One side with its end of the pipe.
  struct Side {
    var session: Session
    /// Octets on their way to this side, each with the time of its arrival.
    var inbound: [(bytes: ArraySlice<UInt8>, time: UInt64)] = []
    var sent = 0
    var delivered: [Int] = []
    var wanted: (through: UInt64, since: UInt64) = (0, 0)
    var events: [Session.Event] = []
  }

  struct Run {
    var sides: [Side]
    var now: UInt64 = 0
    var dice: Dice
    let k: Int

    init(seed: UInt64) {
      dice = Dice(state: seed)
      k = Int.random(in: 1...20, using: &dice)
      let w = Int.random(in: 1...k, using: &dice)
      let parameters = SessionParameters(k: k, w: w, queueLimit: 50)
      sides = [
        Side(session: Session(role: .controlling, parameters: parameters)),
        Side(session: Session(role: .controlled, parameters: parameters)),
      ]
      for side in 0...1 { sides[side].session.opened(at: 0) }
      // Runs begin anywhere in the circle of numbers, many just before its end.
      let numbers = (0...1).map { _ in UInt64(32_768 - Int.random(in: 0...100, using: &dice)) }
      for side in 0...1 {
        sides[side].session.sent = numbers[side]
        sides[side].session.confirmed = numbers[side]
        let other = numbers[1 - side]
        sides[side].session.received = other
        sides[side].session.committed = other
        sides[side].session.acknowledged = other
        sides[side].session.asked = other
      }
    }

    /// The number of an ASDU, as its octets.
    static func asdu(_ number: Int) -> OutgoingASDU? {
      try? OutgoingASDU(bytes: [1, 2, 3, UInt8(number & 0xFF), UInt8(number >> 8 & 0xFF), UInt8(number >> 16)])
    }

    mutating func step() {
      let side = Int.random(in: 0...1, using: &dice)
      switch Int.random(in: 0..<10, using: &dice) {
      case 0..<3: send(side)
      case 3..<6: receive(side)
      case 6: commit(side)
      case 7..<9: pass(UInt64.random(in: 0...50, using: &dice))
      default: pass(UInt64.random(in: 0...500, using: &dice))
      }
      for side in 0...1 { settle(side) }
    }

    private mutating func send(_ side: Int) {
      guard let asdu = Run.asdu(sides[side].sent) else { return }
      if sides[side].session.send(asdu, at: now) { sides[side].sent += 1 }
    }

    /// A part of what has arrived, cut anywhere.
    mutating func receive(_ side: Int) {
      guard let first = sides[side].inbound.first, first.time <= now else { return }
      let count = Int.random(in: 1...first.bytes.count, using: &dice)
      let part = Array(first.bytes.prefix(count))
      if count == first.bytes.count {
        sides[side].inbound.removeFirst()
      } else {
        sides[side].inbound[0].bytes = first.bytes.dropFirst(count)
      }
      var numbers: [Int] = []
      part.withUnsafeBytes { bytes in
        sides[side].session.receive(bytes, at: now) { asdu in
          numbers.append(Int(asdu[3]) | Int(asdu[4]) << 8 | Int(asdu[5]) << 16)
        }
      }
      sides[side].delivered += numbers
    }

    private mutating func commit(_ side: Int) {
      let session = sides[side].session
      let open = session.committed...session.received
      sides[side].session.committed(through: UInt64.random(in: open, using: &dice), at: now)
    }

    /// Time goes on. What waits in the pipe, or for a commit that was asked for, waits for a second at most: with t2 that stays
    /// below t1.
    mutating func pass(_ count: UInt64) {
      let end = now + milliseconds(count)
      now = min(end, [0, 1].compactMap { sides[$0].session.nextDeadline }.min() ?? end)
      for side in 0...1 {
        sides[side].session.tick(at: now)
        while let first = sides[side].inbound.first, first.time + milliseconds(500) <= now { receive(side) }
        settle(side)
        let (through, since) = sides[side].wanted
        if through > sides[side].session.committed, since + milliseconds(500) <= now || Bool.random(using: &dice) {
          sides[side].session.committed(through: through, at: now)
          settle(side)
        }
      }
    }

    mutating func settle(_ side: Int) {
      let events = sides[side].session.takeEvents()
      for case .wantsCommit(let frame) in events { sides[side].wanted = (frame, now) }
      sides[side].events += events
      let bytes = sides[side].session.takeOutgoing()
      guard !bytes.isEmpty else { return }
      let last = sides[1 - side].inbound.last?.time ?? 0
      let arrival = max(last, now + milliseconds(UInt64.random(in: 0...500, using: &dice)))
      sides[1 - side].inbound.append((bytes[...], arrival))
    }

    /// What must hold after every step.
    func check(_ words: String) {
      for side in sides {
        let session = side.session
        #expect(session.acknowledged <= session.committed, "\(words)")
        #expect(session.committed <= session.received, "\(words)")
        #expect(session.sent - session.confirmed <= UInt64(k), "\(words)")
        #expect(session.isOpen, "\(words): \(session.state)")
        #expect(side.delivered == Array(0..<side.delivered.count), "\(words)")
      }
      // Nobody believes more acknowledged than the other side has committed.
      #expect(sides[0].session.confirmed <= sides[1].session.committed, "\(words)")
      #expect(sides[1].session.confirmed <= sides[0].session.committed, "\(words)")
    }
  }

  @Test(arguments: UInt64(0)..<60) func everythingArrivesOnceAndInOrder(seed: UInt64) {
    var run = Run(seed: seed)
    run.sides[0].session.start(at: 0)
    for step in 0..<1_500 {
      run.step()
      run.check("seed \(seed), step \(step)")
      guard run.sides.allSatisfy({ $0.session.isOpen }) else { return }
    }
    // Then a stop, while frames are under way in both directions; what the client still had queued is not sent any more.
    let unsent = run.sides[0].session.queued
    run.sides[0].session.stop(at: run.now)
    for _ in 0..<4_000 where run.sides[0].session.state != .stopped { run.step() }
    #expect(run.sides[0].session.state == .stopped, "seed \(seed)")
    #expect(run.sides[1].session.state == .stopped, "seed \(seed)")
    #expect(run.sides[1].session.confirmed == run.sides[1].session.sent, "seed \(seed)")
    #expect(run.sides[1].delivered.count <= run.sides[0].sent - unsent, "seed \(seed)")
    // All that the station sent is here, and what it did not send it still has.
    let kept = run.sides[1].session.takeUnacknowledged()
    #expect(run.sides[0].delivered.count + kept.count == run.sides[1].sent, "seed \(seed)")
    #expect(run.sides[0].delivered == Array(0..<run.sides[0].delivered.count), "seed \(seed)")
  }
}
