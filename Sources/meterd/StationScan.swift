import Acquisition
import Decoding
import IEC104
import IEC104Client
import Metering
import Settings
import StatusAPI

/// `meterd scan` of a station: what it offers, and the TOML of what no point takes yet.
struct StationScan {
  let station: Settings.Station
  let settings: Settings
  let listenSeconds: Int
  let json: Bool

  func run() async throws {
    let startup: [Procedures.Kind] =
      station.generalQualifiers.map { .general(qualifier: $0) }
      + station.counterQualifiers.map { .counter(.read, qualifier: $0) }
    let addresses = Set(settings.meters(on: station).flatMap { $0.definition.stationPoints ?? [] }.map(\.commonAddress))
    let client = try station.client(startup: startup, commonAddresses: addresses)
    let result = try await StationSession(client) { Console.error($0) }.run(
      listenSeconds: listenSeconds, patienceSeconds: Int(station.procedureTimeoutMilliseconds / 1000) + 30)
    if json { try printJSON(result) } else if !result.objects.isEmpty { printTable(result) }
    if result.objects.isEmpty {
      let why =
        result.hasStarted
        ? "it is connected and sent no object: is common_address right? docs/STATIONS.md"
        : result.problems.last ?? "nobody answered"
      Console.error("meterd scan: \(station.id): \(why)")
      throw Exit.failure
    }
  }

  /// The series that takes an object.
  private func series(_ key: StationSession.Key, _ type: TypeID) -> String? {
    for meter in settings.meters(on: station) {
      for point in meter.definition.stationPoints ?? []
      where point.commonAddress == key.commonAddress && point.objectAddress == key.objectAddress
        && type.isFamily(point.type)
      {
        return "\(meter.id)/\(point.quantity)"
      }
    }
    return nil
  }

  // MARK: - For people

  private func printTable(_ result: StationSession.Result) {
    var rows = [["CA", "IOA", "TYPE", "CAUSE", "VALUE", "QUALITY", "TIME TAG", "POINT"]]
    for (key, object) in result.objects {
      rows.append([
        "\(key.commonAddress)", "\(key.objectAddress)", object.type.description, "\(object.cause.rawValue)",
        ObjectText.value(of: object.value, object.type), ObjectText.quality(object.value.quality),
        ObjectText.tag(object.value), series(key, object.type) ?? "-",
      ])
    }
    Console.print(PlainTable.text(rows, rightAligned: [0, 1, 3, 4]))
    let unknown = result.objects.filter { series($0.key, $0.object.type) == nil }
    if !unknown.isEmpty { Console.print(proposal(unknown)) }
  }

  /// To be pasted as it is; what the values are, the signal list says.
  private func proposal(_ objects: [(key: StationSession.Key, object: StationSession.Object)]) -> String {
    let name = "\(station.id)-objects"
    var lines = [
      "", "# Below [[station]] id = \"\(station.id)\"; names, units and scales stand in the station's signal list.",
      "# It wants time_zone, interrogate_every and counters_every too (docs/STATIONS.md).",
    ]
    for (key, object) in objects {
      let isTotal = key.family == "M_IT"
      lines += [
        "  [[station.point]]  # now \(ObjectText.value(of: object.value, object.type)), \(object.type)",
        "  meter = \"\(name)\"",
        "  quantity = \"x_\(key.commonAddress)_\(key.objectAddress)_\(key.family.lowercased())\"",
        "  unit = \"1\"", "  kind = \"\(isTotal ? "counter" : "gauge")\"", "  common_address = \(key.commonAddress)",
        "  object_address = \(key.objectAddress)",
        // S_IT_TC_1 is of no family that a point could name.
        "  type = \"\(key.family.hasPrefix("M_") ? key.family : object.type.description)\"",
      ]
    }
    lines += [
      "", "[[meter]]", "id = \"\(name)\"  # choose names before it runs: they stay for ever",
      "station = \"\(station.id)\"",
    ]
    return lines.joined(separator: "\n")
  }

  // MARK: - For machines

  private struct Report: Encodable {
    var station: String
    var hasStarted: Bool
    var malformedASDUs: Int
    var problems: [String]
    var procedures: [Procedure]
    var objects: [Object]

    enum CodingKeys: String, CodingKey {
      case station
      case hasStarted = "has_started"
      case malformedASDUs = "malformed_asdus"
      case problems, procedures, objects
    }
  }

  private struct Procedure: Encodable {
    var name: String
    var commonAddress: UInt16
    var problem: String?

    enum CodingKeys: String, CodingKey {
      case name
      case commonAddress = "common_address"
      case problem
    }
  }

  private struct Object: Encodable {
    var commonAddress: UInt16
    var objectAddress: UInt32
    var type: String
    var cause: UInt8
    var value: String
    var quality: String
    var timeTag: String?
    var count: Int
    var raw: String
    var series: String?

    enum CodingKeys: String, CodingKey {
      case commonAddress = "common_address"
      case objectAddress = "object_address"
      case type, cause, value, quality
      case timeTag = "time_tag"
      case count, raw, series
    }
  }

  private func printJSON(_ result: StationSession.Result) throws {
    let report = Report(
      station: station.id, hasStarted: result.hasStarted, malformedASDUs: result.malformed, problems: result.problems,
      procedures: result.outcomes.map {
        Procedure(
          name: StationWords.name(of: $0.0.kind), commonAddress: $0.0.commonAddress,
          problem: StationWords.words(of: $0.0, $0.1))
      },
      objects: result.objects.map { key, object in
        Object(
          commonAddress: key.commonAddress, objectAddress: key.objectAddress, type: object.type.description,
          cause: object.cause.rawValue, value: ObjectText.value(of: object.value, object.type),
          quality: ObjectText.quality(object.value.quality),
          timeTag: object.value.time.kind == .none ? nil : ObjectText.tag(object.value), count: object.count,
          raw: ErrorText.hex(object.octets), series: series(key, object.type))
      })
    Console.write(try StatusJSON.encode(report), to: 1)
  }
}
