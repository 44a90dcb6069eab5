import Archive
import Glibc
import Metering

/// A directory of its own for each test, removed at the end.
final class Scratch: Sendable {
  let path: String

  init() {
    var template = Array("/tmp/meterd-archive-XXXXXX".utf8CString)
    path = String(cString: mkdtemp(&template))
  }

  deinit { remove(path) }

  private func remove(_ path: String) {
    if let entries = opendir(path) {
      while let entry = readdir(entries) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != "." && name != ".." { remove("\(path)/\(name)") }
      }
      closedir(entries)
    }
    Glibc.remove(path)
  }
}

let start = Timestamp(rfc3339: "2026-11-21T10:00:00Z")!

func definition(_ meterID: String = "m1", scale: String = "1", every: Int64 = 60_000) -> Definition {
  Definition(
    meterID: meterID, bus: "b", unitID: 1, everyMilliseconds: every, timeZone: "Asia/Shanghai",
    points: [
      .init(
        quantity: "energy_active_import", unit: "kWh", kind: .counter,
        register: .init(table: .holding, address: 0, type: .u16), scale: ExactDecimal(scale)!)
    ])
}

func poll(
  _ due: Timestamp, meter meterID: String = "m1", value: UInt8 = 0, definition: String, marks: Observation.Marks = []
) -> Observation {
  let block = Block(table: .holding, address: 0, count: 1, outcome: .ok, bytes: [0, value])
  return Observation(
    meterID: meterID, time: due + 5, due: due, received: due + 5, definition: definition, marks: marks,
    content: .poll([block]))
}

func open(_ scratch: Scratch, clock: any WallClock = SystemClock(), site: String = "s", boot: String = "boot-1") throws
  -> Archive
{
  try Archive(
    .init(path: scratch.path + "/archive", site: site, commitEveryMilliseconds: 50, bootID: boot), clock: clock)
}

func entries(_ scratch: Scratch) throws -> [Observation] {
  var result: [Observation] = []
  try ArchiveReader(path: scratch.path + "/archive").forEachEntry(seqs: 1...UInt64(Int64.max)) {
    result.append($0.observation)
  }
  return result
}

func readings(
  _ scratch: Scratch, _ meterID: String = "m1", from: Timestamp = .distantPast, to: Timestamp = .distantFuture
)
  throws -> [Reading]
{
  var result: [Reading] = []
  try ArchiveReader(path: scratch.path + "/archive").forEachReading(meterID: meterID, from: from, to: to) {
    result.append($0)
  }
  return result
}
