import Archive
import Decoding
import IEC104
import Metering
import Testing

func station(
  _ id: String = "east", zone: String = "UTC", objectSize: Int = 3, general: Int64 = 900_000,
  counters: Int64 = 3_600_000
) -> Definition.Station {
  Definition.Station(
    id: id, objectAddressSize: objectSize, timeZone: zone, interrogateEveryMilliseconds: general,
    countersEveryMilliseconds: counters)
}

/// Points are (quantity, object address, type); all of common address 47.
func stationMeter(
  _ meterID: String = "m1", on station: Definition.Station = station(), ct: String = "1",
  _ points: [(quantity: String, address: UInt32, type: String)] = [("current_l1", 700, "M_ME")],
  every: Int64 = 900_000
) -> Definition {
  Definition(
    meterID: meterID, bus: "", unitID: 0, everyMilliseconds: every, timeZone: "Asia/Shanghai",
    ctRatio: ExactDecimal(ct)!, points: [], station: station,
    stationPoints: points.map { point in
      Definition.StationPoint(
        quantity: point.quantity, unit: point.quantity == "current_l1" ? "A" : "1", kind: .gauge, commonAddress: 47,
        objectAddress: point.address, type: point.type, side: point.quantity == "current_l1" ? .secondary : nil)
    })
}

/// Scaled values with CP56Time2a in UTC: M_ME_TE_1, spontaneous; without tags M_ME_NB_1.
func tagged(
  _ objects: [(address: UInt32, value: Int16, at: Timestamp?)], received: Timestamp, from id: String = "east",
  zone: String = "UTC", format: ASDUFormat = .standard, due: Timestamp? = nil, marks: Observation.Marks = [],
  repeated: [UInt8] = []
) throws -> Observation {
  let clock = try StationClock(timeZone: zone, honoursSummerTime: true)
  let hasTags = objects.allSatisfy { $0.at != nil }
  let asdu = try OutgoingASDU.monitor(
    type: hasTags ? .M_ME_TE_1 : .M_ME_NB_1, cause: due == nil ? .spontaneous : .interrogatedByStation,
    commonAddress: 47,
    objects: objects.map { object in
      InformationObject(
        address: object.address, value: .scaled(object.value),
        time: object.at.map { TimeTag(clock.tag(of: $0)) } ?? .none)
    }, format: format)
  return Observation(
    meterID: id, time: objects.compactMap(\.at).reduce(received) { min($0, $1) }, due: due, received: received,
    definition: "", marks: marks, content: .asdu(ReceivedASDU(bytes: asdu.bytes, repeated: repeated)))
}

func interrogation(
  _ outcome: Interrogation.Outcome, _ kind: Interrogation.Kind = .general, due: Timestamp?, received: Timestamp,
  from id: String = "east", absent: [UInt32]? = nil
) -> Observation {
  Observation(
    meterID: id, time: due ?? received, due: due, received: received, definition: "",
    content: .interrogation(
      Interrogation(kind: kind, commonAddress: 47, qualifier: 20, outcome: outcome, absent: absent)))
}

func link(_ isUp: Bool, at time: Timestamp, from id: String = "east") -> Observation {
  Observation(
    meterID: id, time: time, due: nil, received: time, definition: "", content: .link(isUp: isUp, reason: "a reason"))
}

let day: Int64 = 86_400_000
let hour: Int64 = 3_600_000
