import Archive
import Glibc
import Metering

/// Polls as a fleet makes them: each meter with a definition of its own, one block of float32 registers, values that move.
struct Load {
  private let meters: [(id: String, definition: String)]
  private let points: Int
  private(set) var count = 0
  /// How often the archive's window was full; then it is tried again.
  private(set) var refusals = 0
  private var random: UInt64 = 5

  init(_ options: Options) {
    points = options.points
    meters = (0..<max(options.meters, 1)).map { index in
      let digits = String(index, radix: 16)
      return ("meter-\(index)", String(repeating: "0", count: 64 - digits.count) + digits)
    }
  }

  /// As fast as it goes, or at a rate.
  mutating func run(_ archive: Archive, _ options: Options, _ clock: SystemClock) {
    let begin = clock.monotonicNanoseconds()
    while true {
      let elapsed = Double(clock.monotonicNanoseconds() - begin) / 1e9
      if elapsed >= Double(options.seconds) { return }
      if options.rate > 0, Double(count) > elapsed * Double(options.rate) {
        usleep(1000)
        continue
      }
      let now = clock.now()
      for _ in 0..<32 { offer(next(at: now), to: archive) }
    }
  }

  /// Minute after minute from one midnight on.
  mutating func cycle(_ archive: Archive, count cycles: Int, pace: Int, spread: Bool) async throws {
    let midnight = Timestamp(seconds: 1_795_219_200)
    let pollsAtOnce = spread ? 1 : meters.count
    for _ in 0..<(cycles * meters.count / pollsAtOnce) {
      let time = midnight + Int64(count) * 60_000 / Int64(meters.count)
      for _ in 0..<pollsAtOnce { offer(next(at: time), to: archive) }
      if pace > 0 {
        try await Task.sleep(for: .milliseconds(pace * 1000 * pollsAtOnce / meters.count))
      } else {
        guard await archive.flush() else { fatalError("not committed: \(archive.health.failure ?? "")") }
      }
    }
  }

  private mutating func offer(_ observation: Observation, to archive: Archive) {
    while !archive.offer(observation) {
      refusals += 1
      usleep(1000)
    }
  }

  private mutating func next(at now: Timestamp) -> Observation {
    let (id, definition) = meters[count % meters.count]
    count += 1
    let bytes = [UInt8](unsafeUninitializedCapacity: 4 * points) { buffer, initialized in
      for place in 0..<points {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let value = Float(230 + place) + Float(random >> 56) / 64
        UnsafeMutableRawBufferPointer(buffer).storeBytes(
          of: value.bitPattern.bigEndian, toByteOffset: 4 * place, as: UInt32.self)
      }
      initialized = 4 * points
    }
    let block = Block(table: .holding, address: 100, count: UInt16(2 * points), outcome: .ok, bytes: bytes)
    return Observation(
      meterID: id, time: now, due: now, received: now, definition: definition, content: .poll([block]))
  }
}
