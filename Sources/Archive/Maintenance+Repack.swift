import Files
import Glibc
import Metering
import Proof
import Segments

extension Maintenance {
  /// Puts the days of each month that is over into one file: the same chunks, point by point.
  ///
  /// - Returns: the months.
  func repack() throws -> [String] {
    let (contents, hot) = try archive.onCommitter { ($0.contents, $0.hotName) }
    let sealed = contents.sealed
    var months: [String: [String]] = [:]
    for (name, month) in contents.sealedMonths where sealed[name]?.file == "\(name).mseg" && name.hasPrefix(month) {
      months[month, default: []].append(name)
    }
    var done: [String] = []
    for (month, names) in months.sorted(by: { $0.key < $1.key }) where hot.map({ !$0.hasPrefix(month) }) ?? true {
      let file = "\(month).mseg"
      if access(layout.segment(file), F_OK) != 0 {
        if names.count < 2 { continue }
        try writeMonth(names, to: file)
      }
      // What came to a month after it was put together, when a clock had been set back, stays by itself.
      let inside = Set(try SegmentReader(path: layout.segment(file)).segments.map(\.name))
      let moved = names.filter(inside.contains)
      if moved.isEmpty { continue }
      try archive.onCommitter { try $0.withCatalog { try $0.move(moved, to: file) } }
      try step(.repackCatalogued)
      for name in moved { try Files.remove(layout.segment("\(name).mseg")) }
      try Files.sync(directory: layout.segments)
      try step(.repackDropped)
      done.append(month)
    }
    return done
  }

  private func writeMonth(_ names: [String], to file: String) throws {
    let temporary = layout.segments + "/.\(file).tmp"
    let days = try names.map { try SegmentReader(path: layout.segment("\($0).mseg")) }
    for entry in try SegmentWriter.repack(days: days, to: temporary) {
      guard try manifests.manifest(of: entry.name)?.root == entry.root else {
        try Files.remove(temporary)
        throw ArchiveError(
          .damaged, "\(layout.segment("\(entry.name).mseg")): is not what its manifest says; run meterd verify")
      }
    }
    try step(.repackWritten)
    guard rename(temporary, layout.segment(file)) == 0 else {
      throw FileFault(layout.segment(file), "cannot be put in place")
    }
    try Files.sync(directory: layout.segments)
    try step(.repackRenamed)
  }
}
