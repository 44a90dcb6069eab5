import Decoding
import IEC104
import IEC104Client
import Metering
import Schedule

/// One IEC 60870-5-104 station as acquisition needs it.
public struct StationPlan: Sendable, Hashable {
  public let client: StationClientSettings
  /// Of the meters that hang on it.
  public let definitions: [Definition]
  /// Qualifiers of the general interrogations of a slot, one after the other: 20, or groups 21–36.
  public let generalQualifiers: [UInt8]
  /// Qualifiers of the counter interrogations of a slot: 5, or groups 1–4.
  public let counterQualifiers: [UInt8]
  public let counterMode: Procedures.CounterMode
  /// When it is interrogated; nil: not at intervals.
  public let generalSlots: Slots?
  public let counterSlots: Slots?
  let decoder: StationDecoder
  let format: ASDUFormat
  /// Of its time tags; to set its clock by.
  let clock: StationClock

  public var id: String { client.id }

  /// - Throws: `DecodingFault` in words, where a definition cannot be carried out.
  public init(
    _ station: Definition.Station, client: StationClientSettings, definitions: [Definition], zone: Zone,
    generalQualifiers: [UInt8] = [20], counterQualifiers: [UInt8] = [5], counterMode: Procedures.CounterMode = .read
  ) throws(DecodingFault) {
    self.client = client
    self.definitions = definitions
    self.generalQualifiers = generalQualifiers
    self.counterQualifiers = counterQualifiers
    self.counterMode = counterMode
    generalSlots = Slots(everyMilliseconds: station.interrogateEveryMilliseconds, zone: zone)
    counterSlots = Slots(everyMilliseconds: station.countersEveryMilliseconds, zone: zone)
    var decoders: [Decoder] = []
    for definition in definitions { decoders.append(try Decoder(definition)) }
    decoder = try StationDecoder(decoders)
    format = try station.format()
    clock = try StationClock(station)
  }

  public static func == (a: StationPlan, b: StationPlan) -> Bool {
    a.client == b.client && a.definitions == b.definitions && a.generalQualifiers == b.generalQualifiers
      && a.counterQualifiers == b.counterQualifiers && a.counterMode == b.counterMode
      && a.generalSlots == b.generalSlots && a.counterSlots == b.counterSlots && a.format == b.format
      && a.clock == b.clock
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(client.id) }

  /// The objects that an interrogation should bring, by common address.
  func wanted(_ kind: Interrogation.Kind) -> [UInt16: Set<UInt32>] {
    var wanted: [UInt16: Set<UInt32>] = [:]
    for point in definitions.flatMap({ $0.stationPoints ?? [] })
    where point.isIntegratedTotal == (kind == .counter) {
      wanted[point.commonAddress, default: []].insert(point.objectAddress)
    }
    return wanted
  }
}
