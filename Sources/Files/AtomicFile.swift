import Glibc

/// A file that appears under its name only when it is whole and on disk: hidden temporary name → fsync → rename →
/// fsync of the directory.
public final class AtomicFile {
  private let directory: String
  private let name: String
  private let temporary: String
  private var descriptor: Int32
  public private(set) var size: Int64 = 0

  /// - Parameter mode: of the file when it is made.
  public init(directory: String, name: String, mode: mode_t = 0o644) throws(FileFault) {
    self.directory = directory
    self.name = name
    temporary = "\(directory)/.\(name).tmp"
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    if descriptor < 0 { throw FileFault(temporary, "cannot be made") }
  }

  /// What was not published is removed.
  deinit {
    if descriptor >= 0 {
      close(descriptor)
      unlink(temporary)
    }
  }

  public func write(_ bytes: ArraySlice<UInt8>) throws(FileFault) {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileFault(temporary, "cannot be written")
      }
      rest = rest.dropFirst(count)
      size += Int64(count)
    }
  }

  public func publish() throws(FileFault) {
    guard fsync(descriptor) == 0 else { throw FileFault(temporary, "cannot be synced") }
    close(descriptor)
    descriptor = -1
    guard rename(temporary, "\(directory)/\(name)") == 0 else {
      let error = FileFault("\(directory)/\(name)", "cannot be put in place")
      unlink(temporary)
      throw error
    }
    try Files.sync(directory: directory)
  }
}
