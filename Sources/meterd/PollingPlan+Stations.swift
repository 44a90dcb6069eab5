import Metering
import Settings

extension PollingPlan {
  var stationRows: [[String]] {
    var rows = [["STATION", "ADDRESS", "METERS", "POINTS", "TOTALS", "GENERAL", "COUNTERS"]]
    for station in settings.stations {
      let points = points(of: station)
      let totals = points.count(where: \.isIntegratedTotal)
      let counters = station.definition.countersEveryMilliseconds
      rows.append([
        station.id, station.endpoints.map(\.description).joined(separator: " "),
        "\(settings.meters(on: station).count)", "\(points.count - totals)", "\(totals)",
        every(station.definition.interrogateEveryMilliseconds),
        every(counters) + (counters > 0 && station.countersMode != .read ? " \(station.countersMode.rawValue)" : ""),
      ])
    }
    return rows
  }

  private func points(of station: Settings.Station) -> [Definition.StationPoint] {
    settings.meters(on: station).flatMap { $0.definition.stationPoints ?? [] }
  }

  private func every(_ milliseconds: Int64) -> String {
    milliseconds > 0 ? PollingPlan.words(milliseconds: milliseconds) : "-"
  }

  /// Of interrogations, with 16 objects an ASDU: a row (100 bytes with its page's share) and 12 bytes an object. What stations send by
  /// themselves comes on top, and nobody knows how much that is.
  var stationBytesPerSecond: Double {
    settings.stations.reduce(0.0) { sum, station in
      let points = points(of: station)
      let totals = points.count(where: \.isIntegratedTotal)
      func bytes(_ objects: Int, every: Int64) -> Double {
        guard every > 0, objects > 0 else { return 0 }
        return (Double((objects + 15) / 16 + 1) * 100 + Double(objects) * 12) * 1000 / Double(every)
      }
      return sum + bytes(points.count - totals, every: station.definition.interrogateEveryMilliseconds)
        + bytes(totals, every: station.definition.countersEveryMilliseconds)
    }
  }

  /// What cannot be right about the stations, though it can be carried out.
  var stationWarnings: [String] {
    settings.stations.compactMap { station in
      station.w * 3 > station.k * 2
        ? "station \(station.id): w = \(station.w) is more than two thirds of k = \(station.k): the station may have to wait "
          + "for acknowledgements (IEC 60870-5-104 clause 5.1)" : nil
    }
  }
}
