import Archive
import Decoding
import Metering
import Schedule
import Synchronization

/// What the archive has on disk of each meter today, for the status. Fed by commits, so nothing is shown that a power cut
/// could take back.
final class MeterBoard: Sendable {
  struct Meter: Sendable {
    let decoder: Decoder
    /// Nothing was due of it before.
    let activeSince: Timestamp
    /// The newest poll; nil of a meter on a station.
    var last: Observation?
    var lastGoodAt: Timestamp?
    /// Readings of today with a usable value.
    var takenToday: UInt64 = 0
    var quality: Quality?
    /// The newest readings of points that are due more rarely than the meter, `last` seldom has them; of a meter on a station
    /// of all points.
    var rare: [String: Reading] = [:]
    let rareQuantities: Set<String>
    /// Of a meter on a station: a point's last slot that has a usable value. A slot counts once.
    var takenSlots: [String: Timestamp] = [:]
    /// The first such slot since the start, and the last of what is recalled from before.
    var firstSlots: [String: Timestamp] = [:]
    var recalledSlots: [String: Timestamp] = [:]

    init(decoder: Decoder, activeSince: Timestamp) {
      self.decoder = decoder
      self.activeSince = activeSince
      let definition = decoder.definition
      rareQuantities = Set(
        definition.points.filter { $0.everyMilliseconds.map { $0 != definition.everyMilliseconds } ?? false }
          .map(\.quantity))
    }

    mutating func take(_ observation: Observation, _ offset: Int64, received: Timestamp, isToday: Bool) {
      // What is recalled from before the start comes after the first new observations.
      let isNewest = observation.seq > (last?.seq ?? 0)
      if isNewest { last = observation }
      var taken: UInt64 = 0
      var worst = Quality.good
      var rare = rare
      decoder.forEachReading(of: observation, clockOffsetMilliseconds: offset) { reading in
        if reading.quality != .bad { taken += 1 }
        if reading.quality == .bad || worst == .good { worst = reading.quality }
        if !rareQuantities.isEmpty, rareQuantities.contains(reading.quantity),
          reading.seq >= rare[reading.quantity]?.seq ?? 0
        {
          rare[reading.quantity] = reading
        }
      }
      self.rare = rare
      if taken > 0, isNewest || lastGoodAt == nil { lastGoodAt = received }
      if isToday { takenToday += taken }
      if isNewest { quality = worst }
    }

    /// What a station sent. The newer tag wins; what has none is as old as its arrival.
    ///
    /// - Parameter isRecalled: from before the start, while new ones come already.
    mutating func take(_ reading: Reading, received: Timestamp, isToday: Bool, isRecalled: Bool) {
      if let known = rare[reading.quantity] {
        // A row that only says what is missing gives way to any value that came after it, however old its tag.
        let isNewer = known.value == nil ? reading.seq > known.seq : reading.time >= known.time
        if isNewer { rare[reading.quantity] = reading }
      } else {
        rare[reading.quantity] = reading
      }
      guard reading.quality != .bad else { return }
      lastGoodAt = max(lastGoodAt ?? received, received)
      let slot = reading.due ?? decoder.slots(of: reading.quantity).last(atOrBefore: reading.time)
      guard slot >= activeSince else { return }
      if isRecalled {
        if let first = firstSlots[reading.quantity], slot >= first { return }
        if slot <= recalledSlots[reading.quantity] ?? .distantPast { return }
        recalledSlots[reading.quantity] = slot
      } else {
        if slot <= takenSlots[reading.quantity] ?? recalledSlots[reading.quantity] ?? .distantPast { return }
        if firstSlots[reading.quantity] == nil { firstSlots[reading.quantity] = slot }
        takenSlots[reading.quantity] = slot
      }
      if isToday { takenToday += 1 }
    }

    /// The newest reading of each quantity, in the order of the definition.
    var readings: [Reading] {
      var newest = rare
      if let last { decoder.forEachReading(of: last) { newest[$0.quantity] = $0 } }
      return decoder.definition.quantities.compactMap { newest[$0] }
    }
  }

  private struct State {
    var meters: [String: Meter] = [:]
    var stations: [String: StationDecoder] = [:]
    var dayStart: Timestamp
    var dayEnd: Timestamp
    var observationsToday: UInt64 = 0
  }

  private let zone: Zone
  private let state: Mutex<State>

  init(zone: Zone, now: Timestamp) {
    self.zone = zone
    let start = zone.startOfDay(zone.localDate(at: now))
    state = Mutex(State(dayStart: start, dayEnd: zone.nextDayStart(after: start)))
  }

  /// These are the meters from now on.
  ///
  /// - Throws: where a station's definition cannot be carried out; one that was checked can.
  func configure(_ meters: [(decoder: Decoder, activeSince: Timestamp)]) throws {
    let onStations = Dictionary(grouping: meters.map(\.decoder)) { $0.definition.station?.id ?? "" }
    let stations = try onStations.filter { !$0.key.isEmpty }.map { ($0.key, try StationDecoder($0.value)) }
    state.withLock { state in
      var new: [String: Meter] = [:]
      for (decoder, since) in meters {
        let id = decoder.definition.meterID
        var meter = Meter(decoder: decoder, activeSince: state.meters[id]?.activeSince ?? since)
        if let known = state.meters[id] {
          meter.last = known.last
          meter.lastGoodAt = known.lastGoodAt
          meter.takenToday = known.takenToday
          meter.quality = known.quality
          meter.rare = known.rare
          meter.takenSlots = known.takenSlots
          meter.firstSlots = known.firstSlots
          meter.recalledSlots = known.recalledSlots
        }
        new[id] = meter
      }
      state.meters = new
      state.stations = Dictionary(uniqueKeysWithValues: stations)
    }
  }

  /// Takes in observations that are on disk.
  ///
  /// - Parameter isRecalled: they are from before the start.
  func take(_ observations: [Observation], clockOffsetMilliseconds: Int64 = 0, isRecalled: Bool = false) {
    state.withLock { state in
      for observation in observations { take(observation, clockOffsetMilliseconds, isRecalled, &state) }
    }
  }

  private func take(_ observation: Observation, _ offset: Int64, _ isRecalled: Bool, _ state: inout State) {
    let received = observation.received + offset
    if received >= state.dayEnd {
      state.dayStart = zone.startOfDay(zone.localDate(at: received))
      state.dayEnd = zone.nextDayStart(after: state.dayStart)
      state.observationsToday = 0
      for id in state.meters.keys { state.meters[id]?.takenToday = 0 }
    }
    let isToday = received >= state.dayStart
    if isToday { state.observationsToday += 1 }
    if let station = state.stations[observation.meterID], observation.isOfStation {
      station.forEachReading(of: observation, clockOffsetMilliseconds: offset) { reading in
        guard let place = state.meters.index(forKey: reading.meterID) else { return }
        state.meters.values[place].take(
          reading, received: received, isToday: isToday, isRecalled: isRecalled)
      }
      return
    }
    guard case .poll = observation.content, let place = state.meters.index(forKey: observation.meterID) else { return }
    state.meters.values[place].take(observation, offset, received: received, isToday: isToday)
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
