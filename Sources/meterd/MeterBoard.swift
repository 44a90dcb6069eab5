import Archive
import Decoding
import Metering
import Synchronization

/// What the archive has on disk of each meter today, for the status. Fed by commits, so nothing is shown that a power cut
/// could take back.
final class MeterBoard: Sendable {
  struct Meter: Sendable {
    var decoder: Decoder
    /// Nothing was due of it before.
    var activeSince: Timestamp
    /// The newest poll.
    var last: Observation?
    var lastGoodAt: Timestamp?
    /// Readings of today with a usable value.
    var takenToday: UInt64 = 0
    var quality: Quality?
  }

  private struct State {
    var meters: [String: Meter] = [:]
    var day: CivilDate
    var dayStart: Timestamp
    var observationsToday: UInt64 = 0
  }

  private let zone: Zone
  private let state: Mutex<State>

  init(zone: Zone, now: Timestamp) {
    self.zone = zone
    let day = zone.localDate(at: now)
    state = Mutex(State(day: day, dayStart: zone.startOfDay(day)))
  }

  /// These are the meters from now on.
  func configure(_ meters: [(decoder: Decoder, activeSince: Timestamp)]) {
    state.withLock { state in
      var new: [String: Meter] = [:]
      for (decoder, since) in meters {
        let id = decoder.definition.meterID
        var meter = state.meters[id] ?? Meter(decoder: decoder, activeSince: since)
        meter.decoder = decoder
        new[id] = meter
      }
      state.meters = new
    }
  }

  /// Takes in observations that are on disk.
  func take(_ observations: [Observation], clockOffsetMilliseconds: Int64 = 0) {
    state.withLock { state in
      for observation in observations { take(observation, clockOffsetMilliseconds, &state) }
    }
  }

  private func take(_ observation: Observation, _ offset: Int64, _ state: inout State) {
    let received = observation.received + offset
    if received >= zone.nextDayStart(after: state.dayStart) {
      state.day = zone.localDate(at: received)
      state.dayStart = zone.startOfDay(state.day)
      state.observationsToday = 0
      for id in state.meters.keys { state.meters[id]?.takenToday = 0 }
    }
    let isToday = received >= state.dayStart
    if isToday { state.observationsToday += 1 }
    guard case .poll = observation.content, var meter = state.meters[observation.meterID] else { return }
    state.meters[observation.meterID] = nil  // So that it is changed in place.
    // What is recalled from before the start comes after the first new observations.
    let isNewest = observation.seq > (meter.last?.seq ?? 0)
    if isNewest { meter.last = observation }
    var taken: UInt64 = 0
    var worst = Quality.good
    meter.decoder.forEachReading(of: observation, clockOffsetMilliseconds: offset) { reading in
      if reading.quality != .bad { taken += 1 }
      if reading.quality == .bad || worst == .good { worst = reading.quality }
    }
    if taken > 0, isNewest || meter.lastGoodAt == nil { meter.lastGoodAt = received }
    if isToday { meter.takenToday += taken }
    if isNewest { meter.quality = worst }
    state.meters[observation.meterID] = meter
  }

  struct Snapshot {
    var meters: [String: Meter]
    var dayStart: Timestamp
    var observationsToday: UInt64
  }

  var snapshot: Snapshot {
    state.withLock { Snapshot(meters: $0.meters, dayStart: $0.dayStart, observationsToday: $0.observationsToday) }
  }
}
