import Glibc

/// A file that appears under its name only when it is whole and on disk: hidden temporary name → fsync → rename →
/// fsync of the directory.
final class AtomicFile {
  private let directory: String
  private let name: String
  private let temporary: String
  private var descriptor: Int32
  private(set) var size: Int64 = 0

  init(directory: String, name: String) throws(SpoolError) {
    self.directory = directory
    self.name = name
    temporary = "\(directory)/.\(name).tmp"
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw SpoolError(temporary, "cannot be made") }
  }

  /// What was not published is removed.
  deinit {
    if descriptor >= 0 {
      close(descriptor)
      unlink(temporary)
    }
  }

  func write(_ bytes: ArraySlice<UInt8>) throws(SpoolError) {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw SpoolError(temporary, "cannot be written")
      }
      rest = rest.dropFirst(count)
      size += Int64(count)
    }
  }

  func publish() throws(SpoolError) {
    guard fsync(descriptor) == 0 else { throw SpoolError(temporary, "cannot be synced") }
    close(descriptor)
    descriptor = -1
    guard rename(temporary, "\(directory)/\(name)") == 0 else {
      let error = SpoolError("\(directory)/\(name)", "cannot be put in place")
      unlink(temporary)
      throw error
    }
    let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw SpoolError(directory, "cannot be opened") }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw SpoolError(directory, "cannot be synced") }
  }
}
