import Decoding
import Metering

/// Reads arbitrary octets as an ASDU that a station sent, and says what should not have come of it.
///
/// `Fuzz/Sources/fuzz-object` is this file as well. The first octet chooses widths and zone, the next four are the time of arrival.
struct ObjectCheck {
  /// Why an input is not as it must be.
  struct Finding: Error, CustomStringConvertible {
    let description: String
  }

  static let headLength = 6

  /// Points of every family on the first addresses, under two common addresses, in each width and three zones.
  private static let decoders: [StationDecoder] = (0..<12).map { number in
    let zones = ["UTC", "+05:30", "Europe/Berlin"]
    let station = Definition.Station(
      id: "s", causeSize: 1 + number / 3 % 2, commonAddressSize: 1 + number / 3 % 2,
      objectAddressSize: 1 + number / 3 % 4 % 3, privateTypes: [.init(type: 137, elementSize: 3)],
      timeZone: zones[number % 3], honoursSummerTime: number < 6, interrogateEveryMilliseconds: 900_000,
      countersEveryMilliseconds: 900_000)
    var points: [Definition.StationPoint] = []
    for family in ["M_SP", "M_DP", "M_ST", "M_BO", "M_ME", "M_IT", "M_EP", "M_PS", "S_IT_TC_1"] {
      for address in 1...4 as ClosedRange<UInt32> {
        points.append(
          .init(
            quantity: "x_\(family.lowercased())_\(address)", unit: "1", kind: .gauge,
            commonAddress: UInt16(address % 2 + 1),
            objectAddress: address, type: family, scale: ExactDecimal(significand: 15, exponent: -3)))
      }
    }
    let definition = Definition(
      meterID: "m", bus: "", unitID: 0, everyMilliseconds: 900_000, timeZone: "UTC", points: [], station: station,
      stationPoints: points)
    do { return try StationDecoder([Decoder(definition)]) } catch { fatalError("\(error)") }
  }

  static func run(_ bytes: [UInt8]) throws(Finding) {
    guard bytes.count >= headLength else { return }
    let decoder = decoders[Int(bytes[0]) % decoders.count]
    let seconds = bytes[1..<5].reduce(0) { $0 << 8 | Int64($1) }
    let received = Timestamp(seconds: 1_577_836_800 + seconds % 1_600_000_000)
    let asdu = Array(bytes[headLength...].prefix(249))
    let observation = Observation(
      seq: 1, meterID: "s", time: received, due: nil, received: received, definition: "",
      marks: bytes[5] & 1 == 1 ? .untrustedClock : [],
      content: .asdu(ReceivedASDU(bytes: asdu, repeated: Array(asdu.prefix(3)))))
    var finding: Finding?
    var keys: Set<String> = []
    decoder.forEachReading(of: observation) { reading in
      if let problem = ObjectCheck.problem(reading, received), finding == nil {
        finding = Finding(description: "\(problem): \(reading)")
      }
      if !keys.insert("\(reading.quantity)#\(reading.index)").inserted {
        finding = Finding(description: "twice: \(reading)")
      }
    }
    if let finding { throw finding }
  }

  private static func problem(_ reading: Reading, _ received: Timestamp) -> String? {
    let isInvalid = reading.flags.contains("invalid")
    if (reading.value == nil) != isInvalid { return "a value, or none, against its flag" }
    if isInvalid, reading.quality != .bad { return "invalid and not bad" }
    if reading.quality == .good, reading.flags.contains("clock") { return "good with a doubtful time" }
    if reading.index > 126 { return "no ASDU has so many objects" }
    if reading.raw.isEmpty || reading.origin == nil { return "no raw octets" }
    // CP56Time2a holds 2000 to 2099, and no zone is further from UTC than a day.
    let years = Timestamp(seconds: 946_598_400)...Timestamp(seconds: 4_102_531_200)
    if !years.contains(reading.time) { return "a time that no tag can have" }
    return nil
  }
}
