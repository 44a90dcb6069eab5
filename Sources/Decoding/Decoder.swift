import Metering
import Schedule

/// Turns observations of one meter into readings: a pure function of (definition, observation).
public struct Decoder: Sendable {
  public let definition: Definition
  public let slots: Slots
  private let points: [Point]
  /// Of a meter on a station, in place of `points`.
  let stationPoints: [StationPoint]
  /// Of both kinds of points, in the order of the definition.
  private let series: [Series]
  /// The slots of the points that are due more rarely than the meter: each interval once.
  private let rarer: [Rarer]

  private struct Rarer: Hashable, Sendable {
    let slots: Slots
    var pointCount = 0

    func isDue(in slot: Timestamp) -> Bool { slots.last(atOrBefore: slot) == slot }
  }

  /// - Throws: `DecodingFault` where the definition names what this version does not know.
  public init(_ definition: Definition) throws(DecodingFault) {
    self.definition = definition
    let zone: Zone
    do { zone = try Zone(named: definition.timeZone) } catch { throw DecodingFault("\(definition.meterID): \(error)") }
    guard let slots = Slots(everyMilliseconds: definition.everyMilliseconds, zone: zone) else {
      throw DecodingFault(
        "\(definition.meterID): an interval of \(definition.everyMilliseconds) ms does not divide the day")
    }
    self.slots = slots
    var rarer: [Rarer] = []
    /// The index in `rarer` of a point that is due every so often; nil for the meter's own interval.
    func schedule(_ every: Int64?) throws(DecodingFault) -> Int? {
      guard let every, every != slots.everyMilliseconds else { return nil }
      guard every % slots.everyMilliseconds == 0, let own = Slots(everyMilliseconds: every, zone: zone) else {
        throw DecodingFault("an interval of \(every) ms does not divide the day, or is no multiple of the meter's")
      }
      let index = rarer.firstIndex { $0.slots.everyMilliseconds == every } ?? rarer.count
      if index == rarer.count { rarer.append(Rarer(slots: own)) }
      rarer[index].pointCount += 1
      return index
    }
    var points: [Point] = []
    for point in definition.points {
      do throws(DecodingFault) {
        points.append(try Decoder.point(point, definition, schedule: try schedule(point.everyMilliseconds)))
      } catch {
        throw DecodingFault("\(definition.meterID)/\(point.quantity): \(error)")
      }
    }
    var stationPoints: [StationPoint] = []
    if let station = definition.station {
      for point in definition.stationPoints ?? [] {
        do throws(DecodingFault) {
          let every =
            point.isIntegratedTotal
            ? station.countersEveryMilliseconds : station.interrogateEveryMilliseconds
          stationPoints.append(try StationPoint(point, definition, schedule: try schedule(every)))
        } catch {
          throw DecodingFault("\(definition.meterID)/\(point.quantity): \(error)")
        }
      }
    }
    self.points = points
    self.stationPoints = stationPoints
    series = points.map(\.series) + stationPoints.map(\.series)
    self.rarer = rarer
  }

  /// How many of the meter's points are due in one of its slots, as labelled.
  public func pointsDue(in slot: Timestamp) -> Int {
    rarer.reduce(series.count) { $0 - ($1.isDue(in: slot) ? 0 : $1.pointCount) }
  }

  /// The slots of one quantity; of one that it does not have, the meter's.
  public func slots(of quantity: String) -> Slots {
    let schedule = series.first { $0.quantity == quantity }?.schedule
    return schedule.map { rarer[$0].slots } ?? slots
  }

  /// How many readings are due in [from, through]: for each of the meter's slots in it the points due there. The work
  /// grows with the changes of the zone's offset in between, not with the slots.
  public func readingsDue(from: Timestamp, through: Timestamp) -> Int {
    let always = series.count - rarer.reduce(0) { $0 + $1.pointCount }
    return rarer.reduce(always * slots.count(from: from, through: through)) {
      $0 + $1.pointCount * $1.slots.count(from: from, through: through)
    }
  }

  /// Calls `body` once per reading, in the order of the definition's points.
  ///
  /// A poll for a slot speaks of the points that are due in it, whatever else was read along; one that nobody scheduled
  /// of every point that it read. A slot that passed without a poll gives one reading per point due in it.
  ///
  /// - Parameters:
  ///   - clockOffsetMilliseconds: what to add to times that were taken before the clock was trusted.
  ///   - quantity: nil for all of them.
  ///   - window: of a range of missed slots, only those in it; a range can be weeks long.
  public func forEachReading(
    of observation: Observation, clockOffsetMilliseconds: Int64 = 0, quantity: String? = nil,
    within window: Range<Timestamp> = .distantPast ..< .distantFuture, _ body: (Reading) throws -> Void
  ) rethrows {
    // The slots are those of the clock that labelled it.
    let label = observation.due
    let (observation, flags) = Decoder.trueTimes(of: observation, clockOffsetMilliseconds)
    switch observation.content {
    case .poll(let blocks):
      let isDue = rarer.map { rarer in label.map { rarer.isDue(in: $0) } ?? true }
      for point in points where quantity == nil || point.series.quantity == quantity {
        if let schedule = point.series.schedule, !isDue[schedule] { continue }
        guard let block = Decoder.block(covering: point.register, in: blocks) else { continue }
        try body(reading(point, block, in: blocks, observation, flags))
      }
    case .missed(let from, let to, _, let reason):
      let shift = observation.marks.contains(.untrustedClock) ? clockOffsetMilliseconds : 0
      let first = max(from, window.lowerBound - shift)
      let last = min(to, window.upperBound - shift - 1)
      if first > last { return }
      var index = UInt32(clamping: slots.count(from: from, through: first - 1))
      var next = rarer.map { $0.slots.next(after: first - 1) }
      try slots.forEach(from: first, through: last) { slot in
        for schedule in next.indices where next[schedule] < slot {
          next[schedule] = rarer[schedule].slots.next(after: slot - 1)
        }
        for one in series where quantity == nil || one.quantity == quantity {
          if let schedule = one.schedule, next[schedule] != slot { continue }
          try body(
            Reading(
              time: slot + shift, due: slot + shift, received: observation.received, meterID: definition.meterID,
              quantity: one.quantity, value: nil, unit: one.unit, kind: one.kind, quality: .bad,
              flags: reason.flags + flags, seq: observation.seq, index: index))
        }
        index += 1
      }
    // What a station sends may be of several meters: `StationDecoder`.
    case .clockOffset, .forward, .asdu, .interrogation, .link: return
    }
  }

  /// The observation by the true clock, and what its times must be flagged with.
  static func trueTimes(of observation: Observation, _ clockOffsetMilliseconds: Int64) -> (Observation, [String]) {
    if observation.marks.contains(.untrustedClock) {
      var observation = observation
      observation.time = observation.time + clockOffsetMilliseconds
      observation.due = observation.due.map { $0 + clockOffsetMilliseconds }
      observation.received = observation.received + clockOffsetMilliseconds
      return (observation, ["clock"])
    }
    return (observation, observation.marks.contains(.repeatedLabel) ? ["clock"] : [])
  }
}
