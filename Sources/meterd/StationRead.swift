import Acquisition
import Decoding
import IEC104
import IEC104Client
import Metering
import Settings

/// `meterd read` of a meter on a station.
struct StationRead {
  let meter: Settings.Meter
  let station: Settings.Station

  func run() async throws {
    let points = meter.definition.stationPoints ?? []
    var startup: [Procedures.Kind] = []
    if points.contains(where: { !$0.isIntegratedTotal }) {
      startup += station.generalQualifiers.map { .general(qualifier: $0) }
    }
    if points.contains(where: \.isIntegratedTotal) {
      startup += station.counterQualifiers.map { .counter(.read, qualifier: $0) }
    }
    let client = try station.client(startup: startup, commonAddresses: Set(points.map(\.commonAddress)))
    let result = try await StationSession(client) { Console.error($0) }.run(
      listenSeconds: 0, patienceSeconds: Int(station.procedureTimeoutMilliseconds / 1000) + 30)
    let decoder = try StationDecoder([try Decoder(meter.definition)])
    var rows = [["QUANTITY", "CA", "IOA", "TYPE", "CAUSE", "RAW", "VALUE", "UNIT", "QUALITY", "FLAGS", "TIME"]]
    var missing = 0
    for point in points {
      let found = result.objects.first {
        $0.key.commonAddress == point.commonAddress && $0.key.objectAddress == point.objectAddress
          && $0.object.type.isFamily(point.type)
      }
      let place = ["\(point.commonAddress)", "\(point.objectAddress)"]
      guard let object = found?.object, let reading = reading(of: object, point, decoder) else {
        missing += 1
        rows.append([point.quantity] + place + [point.type, "-", "-", "-", "-", "bad", "not-reported", "-"])
        continue
      }
      rows.append(
        [point.quantity] + place + [
          object.type.description, "\(object.cause.rawValue)", ErrorText.hex(object.octets), reading.shown ?? "-",
          reading.unit, reading.quality.rawValue,
          reading.flags.isEmpty ? "-" : reading.flags.joined(separator: "+"), reading.time.rfc3339(),
        ])
    }
    Console.print(PlainTable.text(rows, rightAligned: [1, 2, 4, 6]))
    for (request, outcome) in result.outcomes {
      if let words = StationWords.words(of: request, outcome) { Console.error("meterd read: \(words)") }
    }
    if !result.hasStarted { Console.error("meterd read: \(result.problems.last ?? "\(station.id): nobody answered")") }
    if missing > 0 { throw Exit.failure }
  }

  /// As the archive would read it.
  private func reading(of object: StationSession.Object, _ point: Definition.StationPoint, _ decoder: StationDecoder)
    -> Reading?
  {
    let observation = Observation(
      meterID: station.id, time: object.received, due: nil, received: object.received, definition: "",
      content: .asdu(ReceivedASDU(bytes: object.asdu)))
    var found: Reading?
    decoder.forEachReading(of: observation) { reading in
      if reading.quantity == point.quantity, reading.index == UInt32(object.index) { found = reading }
    }
    return found
  }
}
