import Archive
import Glibc
import Metering

/// Puts the observations of a file into the hot store, as acquisition does. One row more, of the first day of the next month,
/// closes the last file. Abandoned: there is no such row, and the process ends without closing anything, as in a power cut.
struct Load {
  let directory: String
  let series: SeriesFile
  let isAbandoned: Bool

  func run() async throws {
    let archive = try Archive(
      .init(path: directory, site: "bench", commitEveryMilliseconds: 1000, bootID: "bench"), clock: SystemClock())
    let before = Usage()
    var hashes: [String] = []
    var last: Int64 = 0
    var count = 0
    while let record = series.next() {
      if hashes.isEmpty {
        let meters = (0..<series.meters).map { series.definition($0) }
        let known = try await archive.use(meters, from: Timestamp(milliseconds: record.due))
        hashes = (0..<series.meters).map { known[SeriesFile.meterID($0)] ?? "" }
      }
      offer(
        Observation(
          meterID: SeriesFile.meterID(record.meter), time: Timestamp(milliseconds: record.time),
          due: Timestamp(milliseconds: record.due), received: Timestamp(milliseconds: record.received),
          definition: hashes[record.meter], content: .poll([series.block(record.bytes)])), to: archive)
      last = record.received
      count += 1
    }
    guard count == series.records else { throw BenchError("\(count) records instead of \(series.records)") }
    if isAbandoned {
      guard await archive.flush() else { throw BenchError("not committed") }
      print("{\"rows\": \(count), \(Usage.since(before))}")
      fflush(nil)
      _exit(0)
    }
    var day = CivilDate(daysSinceEpoch: last / 86_400_000)
    day = CivilDate(year: day.month == 12 ? day.year + 1 : day.year, month: day.month % 12 + 1, day: 1)
    let end = Timestamp(milliseconds: day.daysSinceEpoch * 86_400_000)
    offer(
      Observation(meterID: "", time: end, due: nil, received: end, definition: "", content: .forward("{}")),
      to: archive)
    guard await archive.flush(), await archive.close() else { throw BenchError("not committed") }
    print("{\"rows\": \(count), \"samples\": \(count * series.points.count), \(Usage.since(before))}")
  }

  private func offer(_ observation: Observation, to archive: Archive) {
    while !archive.offer(observation) { usleep(1000) }
  }
}

extension SeriesFile {
  func block(_ bytes: [UInt8]) -> Block {
    Block(
      table: .holding, address: SeriesFile.address, count: UInt16(bytes.count / 2), outcome: .ok, bytes: bytes)
  }
}
