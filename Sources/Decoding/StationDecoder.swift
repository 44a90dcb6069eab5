import IEC104
import Metering

/// Turns what one station sends into readings of the meters that hang on it: a pure function of (definitions, observation).
public struct StationDecoder: Sendable {
  /// By meter, with points on this station.
  public let decoders: [Decoder]
  private let format: ASDUFormat
  private let clock: StationClock?
  private let places: [ObjectPlace: [Target]]

  /// Where an object is found.
  public struct ObjectPlace: Hashable, Sendable {
    public var commonAddress: UInt16
    public var objectAddress: UInt32

    public init(commonAddress: UInt16, objectAddress: UInt32) {
      self.commonAddress = commonAddress
      self.objectAddress = objectAddress
    }
  }

  private struct Target: Sendable {
    let decoder: Int
    let point: Int
    /// Types that the point takes, a bit each.
    let types: TypeSet
  }

  /// A tag that lies further ahead of the gateway's clock cannot be true.
  static let furthestAheadMilliseconds: Int64 = 5 * 60_000
  /// Nor can one that is older: ten years.
  static let furthestBackMilliseconds: Int64 = 3_653 * 86_400_000
  /// How near to whole hours a tag's difference must be to count as another zone's.
  static let wholeHourToleranceMilliseconds: Int64 = 30_000

  /// - Parameters:
  ///   - decoders: of meters on one station; those of others are left out.
  ///   - station: how ASDUs are taken apart and tags are read; nil: as the first decoder's definition says.
  /// - Throws: where the station's zone is not known here.
  public init(_ decoders: [Decoder], station: Definition.Station? = nil) throws(DecodingFault) {
    let station = station ?? decoders.lazy.compactMap(\.definition.station).first
    let decoders = decoders.filter { $0.definition.station?.id == station?.id && station != nil }
    self.decoders = decoders
    format = if let station { try station.format() } else { .standard }
    clock = if let station { try StationClock(station) } else { nil }
    var places: [ObjectPlace: [Target]] = [:]
    for (index, decoder) in decoders.enumerated() {
      for (place, point) in decoder.stationPoints.enumerated() {
        let at = ObjectPlace(commonAddress: point.commonAddress, objectAddress: point.objectAddress)
        places[at, default: []].append(Target(decoder: index, point: place, types: TypeSet(point.type)))
      }
    }
    self.places = places
  }

  /// Whether a point takes what comes from there as that type.
  public func names(_ place: ObjectPlace, as type: TypeID) -> Bool {
    places[place]?.contains { $0.types.contains(type) } ?? false
  }

  /// When an object was true at the station, as far as its tag says.
  private func time(of object: InformationObject, received: Timestamp) -> Timestamp? {
    guard let clock else { return nil }
    if let tag = object.time.cp56 { return clock.instant(of: tag, received: received) }
    return object.time.cp24.flatMap { clock.instant(of: $0, received: received) }
  }

  /// Calls `body` once per reading: an object of a named point, or a point that an interrogation did not bring, or each
  /// point when the link was lost. Test data (T = 1), refusals and malformed ASDUs give none.
  ///
  /// - Parameter meterID: only those of this meter; nil: of all.
  public func forEachReading(
    of observation: Observation, clockOffsetMilliseconds: Int64 = 0, meterID: String? = nil,
    _ body: (Reading) throws -> Void
  ) rethrows {
    try forEachReading(
      of: observation, clockOffsetMilliseconds, meterID, isUnchanged: true, pointsAt: { _ in self }, body)
  }

  /// The same where the points have changed since some of the objects were true: ASDUs are taken apart and tags are read as
  /// it was when they came, by this decoder.
  ///
  /// - Parameter pointsAt: the decoder whose points hold for a time.
  public func forEachReading(
    of observation: Observation, clockOffsetMilliseconds: Int64 = 0, meterID: String? = nil,
    pointsAt: (Timestamp) throws -> StationDecoder, _ body: (Reading) throws -> Void
  ) rethrows {
    try forEachReading(
      of: observation, clockOffsetMilliseconds, meterID, isUnchanged: false, pointsAt: pointsAt, body)
  }

  /// - Parameter isUnchanged: `pointsAt` is this decoder whatever the time.
  private func forEachReading(
    of observation: Observation, _ clockOffsetMilliseconds: Int64, _ meterID: String?, isUnchanged: Bool,
    pointsAt: (Timestamp) throws -> StationDecoder, _ body: (Reading) throws -> Void
  ) rethrows {
    let (observation, flags) = Decoder.trueTimes(of: observation, clockOffsetMilliseconds)
    switch observation.content {
    case .asdu(let asdu):
      var objects: [InformationObject] = []
      guard let decoded = try? ASDU.decode(asdu.bytes, format: format, into: &objects) else { return }
      let header = decoded.header
      if header.isTest || header.isNegative || !header.type.isMonitor { return }
      for (index, object) in objects.enumerated() {
        let place = ObjectPlace(commonAddress: header.commonAddress, objectAddress: object.address)
        // Stations send more than has a name.
        if isUnchanged, places[place] == nil { continue }
        let (time, isDoubtful) = when(object, header.type, observation)
        let source = try pointsAt(time)
        for target in source.places[place] ?? [] where target.types.contains(header.type) {
          let decoder = source.decoders[target.decoder]
          if let meterID, decoder.definition.meterID != meterID { continue }
          var reading = reading(
            of: object, header, decoder.stationPoints[target.point], decoder.definition.meterID, observation,
            isClockDoubtful: isDoubtful || !flags.isEmpty)
          reading.time = time
          reading.index = UInt32(index)
          reading.raw = ASDU.elementOctets(of: index, in: asdu.bytes, header, format: format)
          if asdu.repeated.contains(UInt8(clamping: index)) { reading.flags.append("duplicate") }
          try body(reading)
        }
      }
    case .interrogation(let interrogation):
      guard let due = observation.due else { return }
      let absent = interrogation.absent.map(Set.init)
      for decoder in try pointsAt(due).decoders where meterID == nil || decoder.definition.meterID == meterID {
        for point in decoder.stationPoints
        where point.isIntegratedTotal == (interrogation.kind == .counter)
          && point.commonAddress == interrogation.commonAddress && absent?.contains(point.objectAddress) ?? true
        {
          try body(
            failure(point, decoder, observation, at: due, due: due, flags: interrogation.outcome.flags + flags))
        }
      }
    case .link(isUp: false, _):
      for decoder in try pointsAt(observation.time).decoders
      where meterID == nil || decoder.definition.meterID == meterID {
        for point in decoder.stationPoints {
          let flags = ["link-down", "not-topical"] + flags
          try body(failure(point, decoder, observation, at: observation.time, due: nil, flags: flags))
        }
      }
    case .link, .poll, .missed, .clockOffset, .forward: return
    }
  }

  private func failure(
    _ point: StationPoint, _ decoder: Decoder, _ observation: Observation, at time: Timestamp, due: Timestamp?,
    flags: [String]
  ) -> Reading {
    Reading(
      time: time, due: due, received: observation.received, meterID: decoder.definition.meterID,
      quantity: point.series.quantity, value: nil, unit: point.series.unit, kind: point.series.kind, quality: .bad,
      flags: flags, seq: observation.seq)
  }

  /// When an object of an observation was true, as far as its tag can be believed: what its reading has.
  public func time(of object: InformationObject, _ type: TypeID, in observation: Observation) -> Timestamp {
    when(object, type, observation).time
  }

  /// When an object was true, and whether its tag is to be doubted.
  private func when(_ object: InformationObject, _ type: TypeID, _ observation: Observation) -> (
    time: Timestamp, isDoubtful: Bool
  ) {
    let received = observation.received
    guard object.time.kind != .none else { return (received, false) }
    guard let tagged = time(of: object, received: received) else { return (received, true) }
    // By a clock that is not trusted no tag can be doubted.
    if observation.marks.contains(.untrustedClock) { return (tagged, false) }
    // No station keeps events for so long: its clock has lost the date.
    if received - tagged > StationDecoder.furthestBackMilliseconds { return (received, true) }
    // What lies ahead cannot have been true yet.
    let isAhead = tagged - received > StationDecoder.furthestAheadMilliseconds
    return (isAhead ? received : tagged, isAhead || !type.isFrozenTotal && StationDecoder.isOff(tagged - received))
  }

  private func reading(
    of object: InformationObject, _ header: ASDUHeader, _ point: StationPoint, _ meterID: String,
    _ observation: Observation, isClockDoubtful: Bool
  ) -> Reading {
    var (quality, reasons) = StationPoint.judge(object, header.type)
    if isClockDoubtful {
      reasons.append("clock")
      if quality == .good { quality = .uncertain }
    }
    let value = reasons.contains("invalid") ? nil : point.value(of: object, header.type)
    if value == nil, !reasons.contains("invalid") {
      quality = .bad
      reasons.insert("invalid", at: 0)
    }
    var reading = Reading(
      time: observation.received, due: observation.due, received: observation.received, meterID: meterID,
      quantity: point.series.quantity, value: value, unit: point.series.unit, kind: point.series.kind, quality: quality,
      flags: reasons, seq: observation.seq)
    reading.origin = ObjectOrigin(type: header.type.rawValue, cause: header.cause.rawValue)
    return reading
  }

  /// Off by whole hours: the station's zone is another one than was configured.
  private static func isOff(_ difference: Int64) -> Bool {
    let hour: Int64 = 3_600_000
    let hours = (difference - hour / 2).flooredDivision(by: hour) + 1
    return hours != 0 && abs(hours) <= 14 && abs(difference - hours * hour) <= wholeHourToleranceMilliseconds
  }
}

extension TypeID {
  /// Totals are frozen at the full hour and fetched hours later: their tags differ by whole hours, and are right.
  fileprivate var isFrozenTotal: Bool { self == .M_IT_TA_1 || self == .M_IT_TB_1 }
}

extension Definition.Station {
  /// - Throws: where widths cannot be.
  public func format() throws(DecodingFault) -> ASDUFormat {
    guard (1...2).contains(causeSize), (1...2).contains(commonAddressSize), (1...3).contains(objectAddressSize),
      (privateTypes ?? []).allSatisfy({ $0.type >= 128 && (0...APCI.maximumASDU).contains($0.elementSize) })
    else { throw DecodingFault("station \(id): these widths of fields cannot be") }
    let sizes = (privateTypes ?? []).map { ($0.type, $0.elementSize) }
    return ASDUFormat(
      causeSize: causeSize, commonAddressSize: commonAddressSize, objectAddressSize: objectAddressSize,
      privateTypeSizes: Dictionary(sizes, uniquingKeysWith: { $1 }))
  }
}

/// The types that a point takes.
private struct TypeSet: Hashable, Sendable {
  private var low: UInt64 = 0
  private var high: UInt64 = 0

  init(_ name: String) {
    for number in UInt8(1)...127 where TypeID(rawValue: number).isFamily(name) {
      if number < 64 { low |= 1 << UInt64(number) } else { high |= 1 << UInt64(number - 64) }
    }
  }

  func contains(_ type: TypeID) -> Bool {
    switch type.rawValue {
    case 0..<64: (low >> UInt64(type.rawValue)) & 1 == 1
    case 64..<128: (high >> UInt64(type.rawValue - 64)) & 1 == 1
    default: false
    }
  }
}
