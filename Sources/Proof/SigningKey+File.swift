import Glibc

extension SigningKey {
  /// Reads the key; where there is no file yet, makes one with a new key, mode 0600.
  ///
  /// The file appears whole and on disk or not at all, and never takes the place of another one.
  public static func loadOrMake(_ path: String) throws(KeyFault) -> SigningKey {
    if let key = try loadIfPresent(path) { return key }
    try make(SigningKey(), path)
    // Read back: what is on disk counts, also where another process was quicker.
    return try load(path)
  }

  public static func load(_ path: String) throws(KeyFault) -> SigningKey {
    guard let key = try loadIfPresent(path) else { throw KeyFault(path, "does not exist") }
    return key
  }

  private static func loadIfPresent(_ path: String) throws(KeyFault) -> SigningKey? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw KeyFault(path, system: "cannot be opened")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw KeyFault(path, system: "cannot be examined") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw KeyFault(path, "is not a file") }
    guard status.st_mode & 0o077 == 0 else {
      throw KeyFault(
        path,
        "may be read or written by others than its owner (mode \(String(status.st_mode & 0o777, radix: 8))); "
          + "run `chmod 600 \(path)`, and where others can have read it, have the archive go on with a new key")
    }
    return try SigningKey(pem: contents(of: descriptor, path), file: path)
  }

  private static func contents(of descriptor: Int32, _ path: String) throws(KeyFault) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 16_385)
    var count = 0
    while count < bytes.count {
      let room = bytes.count - count
      let got = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress.map { $0 + count }, room) }
      if got < 0, errno == EINTR { continue }
      if got < 0 { throw KeyFault(path, system: "cannot be read") }
      if got == 0 { break }
      count += got
    }
    return Array(bytes[..<count])
  }

  private static func make(_ key: SigningKey, _ path: String) throws(KeyFault) {
    let slash = path.lastIndex(of: "/")
    let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    let temporary = "\(directory)/.\(name).\(String(UInt64.random(in: .min ... .max), radix: 16)).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw KeyFault(temporary, system: "cannot be made") }
    defer {
      close(descriptor)
      unlink(temporary)
    }
    guard fchmod(descriptor, 0o600) == 0 else { throw KeyFault(temporary, system: "cannot be closed to others") }
    var rest = Array(key.pem.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count < 0 { throw KeyFault(temporary, system: "cannot be written") }
      rest = rest.dropFirst(count)
    }
    guard fsync(descriptor) == 0 else { throw KeyFault(temporary, system: "cannot be synced") }
    // link(2), not rename(2): a key that is there already stays, whoever made it.
    guard link(temporary, path) == 0 || errno == EEXIST else { throw KeyFault(path, system: "cannot be put in place") }
    let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw KeyFault(directory, system: "cannot be opened") }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw KeyFault(directory, system: "cannot be synced") }
  }
}

extension KeyFault {
  fileprivate init(_ file: String, system problem: String) {
    let reason = String(cString: strerror(errno))
    self.init(file, "\(problem): \(reason)")
  }
}
