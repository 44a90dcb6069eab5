import Files
import GRDB
import Glibc
import Metering

/// Copies an archive while meterd writes to it: sealed files as they are, hot ones by `VACUUM INTO`. What was copied before
/// is not copied again. There is no catalog in the copy: it is made from the files when they are first used.
public struct ArchiveBackup {
  private let from: ArchiveLayout
  private let to: ArchiveLayout

  /// - Throws: where there is no archive, or the copy would lie in it.
  public init(from path: String, to directory: String) throws {
    from = ArchiveLayout(root: path)
    to = ArchiveLayout(root: directory)
    guard access(from.catalog, R_OK) == 0 else {
      throw ArchiveError(.unreadable, "no readable archive at \(path); is the path right, may this user read it?")
    }
    if "\(directory)/".hasPrefix("\(path)/") {
      throw ArchiveError(.unreadable, "\(directory) lies in the archive itself; name a directory on another disk")
    }
  }

  public struct Report: Sendable, Hashable {
    public var files = 0
    public var octets: Int64 = 0
    /// Sealed files that were there already.
    public var kept = 0
  }

  /// - Parameter progress: the share that is done, 0 to 1.
  public func run(progress: (Double) -> Void = { _ in }) throws -> Report {
    try to.createDirectories()
    var report = Report()
    // Hot first: what is sealed meanwhile comes with the segments.
    for name in try Files.names(in: from.hot) where name.hasSuffix(".sqlite") { try copyHot(name, &report) }
    var seen: Set<String> = []
    // Days go when their month is put together: then there is one more file to copy.
    while try copySealed(&seen, &report, progress) {}
    try dropSealedTwice()
    return report
  }

  /// - Returns: whether there was anything that had not been seen before.
  private func copySealed(_ seen: inout Set<String>, _ report: inout Report, _ progress: (Double) -> Void) throws
    -> Bool
  {
    var files: [(directory: KeyPath<ArchiveLayout, String>, name: String, octets: Int64)] = []
    for directory in [\ArchiveLayout.segments, \.checkpoints, \.keys, \.manifests] {
      for name in try Files.names(in: from[keyPath: directory]) where seen.insert("\(directory)/\(name)").inserted {
        if let octets = try? Files.size(of: "\(from[keyPath: directory])/\(name)") {
          files.append((directory, name, octets))
        }
      }
    }
    let total = max(files.reduce(0) { $0 + $1.octets }, 1)
    var done: Int64 = 0
    for (directory, name, octets) in files {
      let target = "\(to[keyPath: directory])/\(name)"
      if access(target, F_OK) == 0, try Files.size(of: target) == octets {
        report.kept += 1
      } else if try copy("\(from[keyPath: directory])/\(name)", to: to[keyPath: directory], name) {
        report.files += 1
        report.octets += octets
      }
      done += octets
      progress(Double(done) / Double(total))
    }
    return !files.isEmpty
  }

  private func copyHot(_ name: String, _ report: inout Report) throws {
    let temporary = "\(to.hot)/.\(name).tmp"
    try Files.remove(temporary)
    do {
      let queue = try DurableDatabase.openForReading("\(from.hot)/\(name)")
      try queue.vacuum(into: temporary)
    } catch {
      // Sealed just now: the segment is copied.
      if access("\(from.hot)/\(name)", F_OK) != 0 { return }
      throw error
    }
    try Files.sync(file: temporary)
    for suffix in ["-wal", "-shm"] { try Files.remove("\(to.hot)/\(name)\(suffix)") }
    guard rename(temporary, "\(to.hot)/\(name)") == 0 else {
      throw FileFault("\(to.hot)/\(name)", "cannot be put in place")
    }
    try Files.sync(directory: to.hot)
    report.files += 1
    report.octets += try Files.size(of: "\(to.hot)/\(name)")
  }

  /// - Returns: false where it has gone meanwhile: days go when their month is put together.
  private func copy(_ path: String, to directory: String, _ name: String) throws -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0, errno == ENOENT { return false }
    guard descriptor >= 0 else { throw FileFault(path, "cannot be opened") }
    defer { close(descriptor) }
    let file = try AtomicFile(directory: directory, name: name)
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw FileFault(path, "cannot be read") }
      if count == 0 { break }
      try file.write(buffer[..<count])
    }
    try file.publish()
    return true
  }

  /// A hot file of which the copy holds the segment too, and days that are in their month's file: one of each is enough.
  private func dropSealedTwice() throws {
    let store = ManifestStore(layout: to)
    for name in try store.names() {
      guard access(to.segment("\(name).mseg"), F_OK) == 0 || access(to.segment("\(name.prefix(7)).mseg"), F_OK) == 0
      else { continue }
      for suffix in ["", "-wal", "-shm"] { try Files.remove(to.hotFile(name) + suffix) }
      // Of a backup that was made before the month was put together.
      let isGone = access(from.segment("\(name).mseg"), F_OK) != 0
      if isGone, access(to.segment("\(name.prefix(7)).mseg"), F_OK) == 0 {
        try Files.remove(to.segment("\(name).mseg"))
      }
    }
    try Files.sync(directory: to.hot)
  }
}
