import Glibc
import Metering
import Proof
import Segments

extension Maintenance {
  /// Each sealed file is read again once in that time.
  static let scrubIntervalMilliseconds: Int64 = 30 * 86_400_000
  /// Octets that are read between two pauses of a tenth of a second: some 10 MB/s, less than any disk gives.
  private static let scrubOctets = 1 << 20

  /// Reads again the sealed file whose turn it is, if it is anyone's, and compares it with its manifests.
  ///
  /// - Returns: what is wrong with it, each in words; nil where there was nothing to do.
  public func scrub() throws -> (file: String, faults: [String])? {
    let (contents, checked) = try archive.onCommitter { ($0.contents, try $0.catalog.scrubbed()) }
    let now = clock.now()
    let files = Set(contents.sealed.values.map(\.file)).subtracting([""])
    let due = files.filter { file in
      // A clock that was set back must not keep it from ever coming again.
      checked[file].map { abs(now - $0) >= Maintenance.scrubIntervalMilliseconds } ?? true
    }
    guard let file = due.min(by: { (checked[$0] ?? .distantPast, $0) < (checked[$1] ?? .distantPast, $1) }) else {
      return nil
    }
    var faults: [String] = []
    do {
      var read = 0
      let found = try SegmentReader(path: layout.segment(file)).verify { octets in
        try mayGoOn()
        read += octets
        if read < Maintenance.scrubOctets { return }
        read = 0
        usleep(100_000)
      }
      faults = found.faults.map(\.description)
      for segment in found.segments where try manifests.manifest(of: segment.name)?.root != segment.root {
        faults.append("\(layout.segment(file)): \(segment.name) is not what its manifest says")
      }
    } catch is Ended { return nil } catch { faults.append("\(error)") }
    // Also where it is rotten: what is read again and again wears the rest out.
    try archive.onCommitter { try $0.withCatalog { try $0.recordScrub(of: file, at: now) } }
    return (file, faults)
  }
}
