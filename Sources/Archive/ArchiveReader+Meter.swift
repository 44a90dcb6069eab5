import GRDB
import Metering
import Segments

/// Reading one meter.
extension ArchiveReader {
  /// Observations of one meter that speak of times in a range, in sequence order within each day's file; with them
  /// those of its station that may.
  ///
  /// - Parameter quantity: where it is given, the registers of other quantities may be zeros.
  public func forEachEntry(
    meterID: String, quantity: String? = nil, from: Timestamp, to: Timestamp, _ body: (Entry) throws -> Void
  ) throws {
    let stations = contents.stations(of: meterID)
    let slack = contents.clocks(of: stations) > 1 ? ArchiveReader.zoneSlackMilliseconds : 0
    let range = (from - slack)...(max(from, to) + slack)
    // A day that begins where the range ends has nothing of it.
    let wide = range.lowerBound...max(range.lowerBound, range.upperBound - 1)
    let hasUntrusted = { (file: String) in file.hasPrefix("19") }
    let wanted = quantity.map { self.columns(of: $0, meterID) }
    for (file, rows) in openings()
    where hasUntrusted(file) || contents.sealed[file]?.hasUntrustedClock ?? false
      || contents.reach(of: file).overlaps(wide)
    {
      var condition = """
        o.kind < \(ObservationRow.Kind.firstOfStations.rawValue) AND m.meter_id = ? AND (b.boot_id <> '' OR
          (min(coalesce(o.due, o.time), o.time) < ? AND max(o.time, coalesce(o.until, o.time)) >= ?))
        """
      var arguments: StatementArguments = [meterID, to.milliseconds, from.milliseconds]
      if !stations.isEmpty {
        let marks = stations.map { _ in "?" }.joined(separator: ", ")
        condition = """
          (\(condition)) OR (o.kind >= \(ObservationRow.Kind.firstOfStations.rawValue) AND m.meter_id IN (\(marks))
            AND (b.boot_id <> '' OR (min(coalesce(o.due, o.time), o.time) < ? AND max(o.time, o.received) >= ?)))
          """
        arguments += StatementArguments(stations.sorted())
        arguments += [range.upperBound.milliseconds, range.lowerBound.milliseconds]
      }
      try forEachEntry(
        of: file, hot: { try self.forEachRow(of: file, where: condition, arguments, body) },
        sealed: { (segment: SegmentReader) in
          let source = "meter:\(meterID)"
          // A part of a poll that failed belongs to its slot, which is before the answer's arrival.
          let slack: Int64 = 3_600_000
          let times =
            self.contents.sealed[file]?.hasUntrustedClock ?? false
            ? Int64.min...Int64.max : (from.milliseconds - slack)...(max(from, to).milliseconds + slack)
          try segment.forEachRow(of: source, seqs: rows, times: times, columns: wanted) {
            try body(try self.entry($0, of: source, file))
          }
          for station in stations.sorted() {
            let source = "station:\(station)"
            try segment.forEachRow(of: source, seqs: rows) { try body(try self.entry($0, of: source, file)) }
          }
        })
    }
  }

  /// A station's row is found by the earliest time that its readings had when it came; where its clock was ever configured
  /// otherwise, they may have times up to that much away.
  private static let zoneSlackMilliseconds: Int64 = 28 * 3_600_000
}
