import Glibc
import Metering
import Synchronization

/// Where the files of an archive lie.
struct ArchiveLayout: Hashable, Sendable {
  let root: String

  var lock: String { root + "/lock" }
  var catalog: String { root + "/catalog.sqlite" }
  var hot: String { root + "/hot" }
  var segments: String { root + "/segments" }
  var manifests: String { root + "/manifests" }
  var checkpoints: String { root + "/checkpoints" }
  /// Public keys, every one that ever signed.
  var keys: String { root + "/keys" }

  func segment(_ file: String) -> String { segments + "/" + file }

  /// The file of observations received on a UTC day; `generation` counts files of a day given up after a disk error.
  func hotFile(_ name: String) -> String { hot + "/" + name + ".sqlite" }

  static func hotName(of received: Timestamp, generation: Int = 1) -> String {
    let day = CivilDate(daysSinceEpoch: received.milliseconds.flooredDivision(by: 86_400_000)).description
    return generation == 1 ? day : "\(day).\(generation)"
  }

  func createDirectories() throws(ArchiveError) {
    try createRoot()
    for part in [hot, segments, manifests, checkpoints, keys] { try ArchiveLayout.makeDirectory(part) }
  }

  /// With the directories above it.
  func createRoot() throws(ArchiveError) {
    var made = ""
    for part in root.split(separator: "/", omittingEmptySubsequences: false) {
      made += made.isEmpty && part.isEmpty ? "/" : (made.isEmpty || made.hasSuffix("/") ? "" : "/") + part
      if made == "/" || made.isEmpty { continue }
      try ArchiveLayout.makeDirectory(made)
    }
  }

  private static func makeDirectory(_ path: String) throws(ArchiveError) {
    if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
    let why = String(cString: strerror(errno))
    throw ArchiveError(
      .unreadable, "archive directory \(path): cannot be made: \(why); make it, owned by meterd's user")
  }
}

/// Holds the archive for one writing process.
final class ArchiveLock: Sendable {
  private let descriptor: Mutex<Int32>

  /// - Throws: `ArchiveError.inUse` with the owner's pid.
  init(_ layout: ArchiveLayout) throws(ArchiveError) {
    let file = open(layout.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard file >= 0 else {
      let why = String(cString: strerror(errno))
      throw ArchiveError(.unreadable, "archive lock \(layout.lock): \(why); is the directory meterd's and writable?")
    }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      var text = [UInt8](repeating: 0, count: 32)
      let count = pread(file, &text, text.count, 0)
      close(file)
      let pid = Int32(String(decoding: text.prefix(max(count, 0)), as: UTF8.self).filter(\.isNumber)) ?? 0
      throw ArchiveError(
        .inUse(pid: pid), "archive \(layout.root) is in use by another meterd, pid \(pid); stop that one first")
    }
    ftruncate(file, 0)
    let line = Array("\(getpid())\n".utf8)
    _ = pwrite(file, line, line.count, 0)
    descriptor = Mutex(file)
  }

  /// Lets the next one have the archive.
  func release() {
    descriptor.withLock { file in
      if file >= 0 { close(file) }
      file = -1
    }
  }

  deinit { release() }
}
