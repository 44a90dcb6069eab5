import Glibc
import TestSupport

/// Directories and files, by their paths below a root.
struct DiskTree: Hashable, Sendable {
  var directories: Set<String> = []
  var files: [String: [UInt8]] = [:]
  /// Of the files: their permissions.
  var modes: [String: UInt32] = [:]

  /// SQLite's index of a WAL, in shared memory: it is made anew by the first who opens the file after a start.
  static func isVolatile(_ path: String) -> Bool { path.hasSuffix("-shm") }

  init() {}

  /// All but what is volatile.
  init(reading root: String, below prefix: String = "") throws {
    for name in TextFile.names(in: root) where !DiskTree.isVolatile(name) {
      let path = "\(root)/\(name)"
      var about = stat()
      guard lstat(path, &about) == 0 else { throw TestSupportError("\(path): \(String(cString: strerror(errno)))") }
      if about.st_mode & S_IFMT == S_IFDIR {
        directories.insert(prefix + name)
        let inner = try DiskTree(reading: path, below: prefix + name + "/")
        directories.formUnion(inner.directories)
        files.merge(inner.files) { $1 }
        modes.merge(inner.modes) { $1 }
      } else {
        files[prefix + name] = TextFile.bytes(path)
        modes[prefix + name] = about.st_mode & 0o7777
      }
    }
  }

  func write(to root: String) throws {
    func check(_ isDone: Bool, _ path: String) throws {
      if !isDone { throw TestSupportError("\(root)/\(path): \(String(cString: strerror(errno)))") }
    }
    for directory in directories.sorted() { try check(mkdir("\(root)/\(directory)", 0o755) == 0, directory) }
    for (path, octets) in files {
      let file = open("\(root)/\(path)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
      try check(file >= 0, path)
      defer { close(file) }
      try check(fchmod(file, modes[path] ?? 0o644) == 0, path)
      if !octets.isEmpty { try check(Glibc.write(file, octets, octets.count) == octets.count, path) }
    }
  }

  /// Where two trees differ, in words.
  func differences(from other: DiskTree) -> [String] {
    var result = directories.symmetricDifference(other.directories).map { "directory \($0) is in one of them only" }
    for path in Set(files.keys).union(other.files.keys) {
      let sizes = [files[path], other.files[path]].map { $0.map { "\($0.count) octets" } ?? "absent" }
      if files[path] != other.files[path] { result.append("\(path): \(sizes[0]), \(sizes[1])") }
      let modes = [modes[path], other.modes[path]].map { $0.map { String($0, radix: 8) } ?? "" }
      if modes[0] != modes[1] { result.append("\(path): mode \(modes[0]), \(modes[1])") }
    }
    return result.sorted()
  }
}
