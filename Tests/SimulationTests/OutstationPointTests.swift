import Decoding
import IEC104
import Metering
import Testing

@testable import Simulation

@Suite("Points of a simulated station")
struct OutstationPointTests {
  @Test(
    "A family has an untagged type for answers and a tagged one for events",
    arguments: [
      ("M_IT", 15, 37), ("M_ME", 13, 36), ("M_SP", 1, 30), ("M_DP", 3, 31), ("M_ST", 5, 32), ("M_BO", 7, 33),
      ("M_EP", 38, 38), ("M_PS", 20, 20), ("M_ME_NB_1", 11, 11), ("M_ME_TF_1", 36, 36), ("M_IT_TA_1", 16, 16),
      ("S_IT_TC_1", 41, 41),
    ] as [(String, UInt8, UInt8)])
  func types(_ name: String, _ answered: UInt8, _ spontaneous: UInt8) throws {
    let types = try #require(OutstationTypes(name))
    #expect(types.answered.rawValue == answered && types.spontaneous.rawValue == spontaneous)
  }

  @Test("Commands and unknown names are no points", arguments: ["C_SC_NA_1", "M_EI_NA_1", "M_XX", "P_ME_NA_1", ""])
  func noTypes(_ name: String) { #expect(OutstationTypes(name) == nil) }

  @Test("Every type from 1 to 41 is simulated and decodes to what it shows", arguments: 1...41)
  func everyType(_ number: Int) throws {
    let type = TypeID(rawValue: UInt8(number))
    guard type.isMonitor else { return }
    let definition = try meter(type.description)
    let plant = try Plant(meters: [definition], zoneOffset: shanghai, seed: 5)
    var image = try OutstationImage(substation([definition]), plant: plant, at: november)
    var places = Array(image.points.indices)[...]
    let asdu = try #require(image.answer(&places, cause: .spontaneous, originator: 0, at: november))
    #expect(places.isEmpty)
    let received = try Received(asdu.bytes)
    #expect(received.header.type == type && received.addresses == [7] && received.objects[0].quality == [])
    #expect(received.objects[0].time.kind == type.timeTag)
    let load = try #require(plant.value(of: "x_load", meterID: "m", at: november))
    try #require(load > 0 && load < 50)
    let rounded = Int(load.rounded())
    let expected: ObjectValue =
      switch received.values[0] {
      case .single: .single(false)
      case .double: .double(1)
      case .step: .step(rounded, isTransient: false)
      case .bitstring: .bitstring(UInt32(rounded))
      case .normalized: .normalized(Int16((load / 100 * 32_768).rounded()))
      case .scaled: .scaled(Int16(rounded))
      case .float: .float(Float(load))
      case .counter where type == .S_IT_TC_1: .counter(Int32(rounded), sequence: 0, carry: false, adjusted: false)
      case .counter:
        .counter(
          Int32(try #require(plant.value(of: "energy_active_import", meterID: "m", at: november)) * 100), sequence: 0,
          carry: false, adjusted: false)
      case .protectionEvent: .protectionEvent(1)
      case .startEvents: .startEvents(UInt8(rounded))
      case .outputCircuit: .outputCircuit(UInt8(min(rounded, 15)))
      case .statusAndChange: .statusAndChange(status: UInt16(rounded), change: 0)
      default: .nothing
      }
    #expect(received.values[0] == expected)
  }

  private func meter(_ type: String) throws -> Definition {
    let isTotal = type.hasPrefix("M_IT")
    let scale =
      isTotal ? "0.01" : type.hasPrefix("M_ME_N") && type.hasSuffix("A_1") || type.contains("_ND_") ? "100" : "1"
    let point = Definition.StationPoint(
      quantity: isTotal ? "energy_active_import" : "x_load", unit: isTotal ? "kWh" : "%",
      kind: isTotal ? .counter : .gauge, commonAddress: 47, objectAddress: 7, type: type,
      scale: try decimal(type.contains("_TA_1") && type.hasPrefix("M_ME") || type.contains("_TD_1") ? "100" : scale))
    return Definition(
      meterID: "m", bus: "", unitID: 0, everyMilliseconds: 5000, timeZone: "Asia/Shanghai", points: [],
      station: feederStation, stationPoints: [point], metadata: ["use": "lighting"])
  }

  @Test("What the field cannot hold is an overflow at its end")
  func overflow() throws {
    var definition = try feeder("a", base: 100)
    definition.ctRatio = try decimal("100")
    definition.stationPoints = [
      Definition.StationPoint(
        quantity: "voltage_l1", unit: "mV", kind: .gauge, commonAddress: 47, objectAddress: 5, type: "M_ME_NB_1")
    ]
    let plant = try Plant(meters: [definition], zoneOffset: shanghai, seed: 5)
    var image = try OutstationImage(substation([definition]), plant: plant, at: november)
    var places = Array(image.points.indices)[...]
    let asdu = try #require(image.answer(&places, cause: .request, originator: 0, at: november))
    let object = try #require(try Received(asdu.bytes).objects.first)
    #expect(object.value(as: .M_ME_NB_1) == .scaled(32_767) && object.quality == .overflow)
  }

  @Test(
    "Points that cannot be are refused with their meter's name",
    arguments: [(0, 1, "M_ME"), (65_535, 1, "M_ME"), (47, 0, "M_ME"), (47, 16_777_216, "M_ME"), (47, 1, "C_SC_NA_1")]
      as [(UInt16, UInt32, String)])
  func badPoint(_ commonAddress: UInt16, _ objectAddress: UInt32, _ type: String) throws {
    var definition = try feeder("odd", base: 100)
    definition.stationPoints = [
      Definition.StationPoint(
        quantity: "voltage_l1", unit: "V", kind: .gauge, commonAddress: commonAddress, objectAddress: objectAddress,
        type: type)
    ]
    let plant = try Plant(meters: [definition], zoneOffset: shanghai, seed: 5)
    let error = try #require(throws: SimulationError.self) {
      try OutstationImage(substation([definition]), plant: plant, at: november)
    }
    #expect(error.description.contains("odd"))
  }

  /// Room for objects: 249 − 6 octets; M_ME_NC_1 takes 5 + 3, or 3 once and 5 each; M_ME_TF_1 12 + 3.
  @Test(
    "As many objects as fit, counting up where that takes no fewer",
    arguments: [
      (Array(1...100), .M_ME_NC_1, 48, true), (Array(stride(from: 1, to: 200, by: 2)), .M_ME_NC_1, 30, false),
      ([1, 2, 3], .M_ME_NC_1, 3, true), ([1, 2, 3, 9], .M_ME_NC_1, 4, false), ([7], .M_ME_NC_1, 1, false),
      (Array(1...100), .M_ME_TF_1, 16, false), (Array(1...200), .M_SP_NA_1, 127, true),
      ([5, 5], .M_IT_NA_1, 2, false), (Array(1...40) + [90], .M_IT_NA_1, 40, true),
    ] as [([UInt32], TypeID, Int, Bool)])
  func packing(_ addresses: [UInt32], _ type: TypeID, _ count: Int, _ isSequence: Bool) {
    let packing = OutstationPacking(addresses, type: type, format: .standard)
    #expect(packing.count == count && packing.isSequence == isSequence)
  }

  @Test(
    "Time tags are those of the station's zone, as decoding reads them",
    arguments: ["Asia/Shanghai", "Europe/Berlin", "UTC", "+05:30", "Australia/Sydney"], [true, false])
  func clock(_ zone: String, _ honours: Bool) throws {
    let station = Definition.Station(
      id: "s", timeZone: zone, honoursSummerTime: honours, interrogateEveryMilliseconds: 0, countersEveryMilliseconds: 0
    )
    let clock = try OutstationClock(station)
    let decoding = try StationClock(station)
    // Every 41 minutes of a year and a bit: leap day, and summer time in both directions.
    var instant = Timestamp(seconds: 1_830_000_123)
    while instant.seconds < 1_864_000_000 {
      let tag = try #require(clock.tag(of: instant, .cp56).cp56)
      #expect(tag == decoding.tag(of: instant), "\(instant)")
      #expect(decoding.instant(of: tag, received: instant) == instant, "\(instant)")
      let short = try #require(clock.tag(of: instant, .cp24).cp24)
      #expect(short.minute == tag.minute && short.milliseconds == tag.milliseconds)
      instant = instant + 41 * 60_000
    }
    #expect(clock.tag(of: instant, .none) == .none)
  }

  @Test("An unknown zone is refused with the station's name")
  func badZone() throws {
    let station = Definition.Station(
      id: "yard", timeZone: "Mars/Base", interrogateEveryMilliseconds: 0, countersEveryMilliseconds: 0)
    let error = try #require(throws: SimulationError.self) { try OutstationClock(station) }
    #expect(error.description.contains("yard"))
  }
}
