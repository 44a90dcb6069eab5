import Glibc

/// What is done to files and directories as a whole.
public enum Files {
  /// Makes what was created, renamed or removed in a directory last through a power cut.
  public static func sync(directory: String) throws(FileFault) {
    let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw FileFault(directory, "cannot be opened") }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw FileFault(directory, "cannot be synced") }
  }

  /// The whole of a small file; nil where there is none.
  public static func read(_ path: String, limit: Int) throws(FileFault) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 {
      if errno == ENOENT { return nil }
      throw FileFault(path, "cannot be opened")
    }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 {
        if errno == EINTR { continue }
        throw FileFault(path, "cannot be read")
      }
      if count == 0 { return bytes }
      bytes.append(contentsOf: buffer[..<count])
      if bytes.count > limit {
        throw FileFault(path, "is longer than \(limit) bytes: no file of meterd's", code: EFBIG)
      }
    }
  }

  /// The names in a directory, sorted, without hidden ones; none where there is no such directory.
  public static func names(in directory: String) throws(FileFault) -> [String] {
    try entries(of: directory).filter { !$0.hasPrefix(".") }.sorted()
  }

  private static func entries(of directory: String) throws(FileFault) -> [String] {
    guard let entries = opendir(directory) else {
      if errno == ENOENT { return [] }
      throw FileFault(directory, "cannot be listed")
    }
    defer { closedir(entries) }
    var names: [String] = []
    while let entry = readdir(entries) {
      names.append(
        withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names
  }

  /// Removes what `AtomicFile` began and did not publish, after a crash.
  public static func removeTemporaries(in directory: String) throws(FileFault) {
    for name in try entries(of: directory) where name.hasPrefix(".") && name.hasSuffix(".tmp") {
      try remove("\(directory)/\(name)")
    }
  }

  /// Removes a file; one that is not there is no error.
  public static func remove(_ path: String) throws(FileFault) {
    if unlink(path) != 0, errno != ENOENT { throw FileFault(path, "cannot be removed") }
  }
}

extension Files {
  public static func size(of path: String) throws(FileFault) -> Int64 {
    var status = stat()
    guard stat(path, &status) == 0 else { throw FileFault(path, "cannot be looked at") }
    return Int64(status.st_size)
  }

  /// Makes what was written to a file last through a power cut.
  public static func sync(file path: String) throws(FileFault) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFault(path, "cannot be opened") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileFault(path, "cannot be synced") }
  }
}
