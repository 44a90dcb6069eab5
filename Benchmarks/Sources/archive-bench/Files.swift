import Glibc

/// The files of an archive.
enum Files {
  /// In the order of the alphabet.
  static func names(in path: String) throws -> [String] {
    guard let entries = opendir(path) else { throw BenchError("\(path): \(String(cString: strerror(errno)))") }
    defer { closedir(entries) }
    var names: [String] = []
    while let entry = readdir(entries) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  /// Sealed files of an archive.
  static func segments(of archive: String) throws -> [String] {
    try names(in: archive + "/segments").filter { $0.hasSuffix(".mseg") }.map { "\(archive)/segments/\($0)" }
  }

  static func octets(_ paths: [String]) throws -> Int {
    try paths.reduce(0) { sum, path in
      var status = stat()
      guard stat(path, &status) == 0 else { throw BenchError("\(path): \(String(cString: strerror(errno)))") }
      return sum + Int(status.st_size)
    }
  }

  static func read(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var octets: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { octets += buffer[..<count] }
    return octets
  }

  static func write(_ octets: [UInt8], _ path: String) throws {
    guard let file = fopen(path, "w"), fwrite(octets, 1, octets.count, file) == octets.count, fclose(file) == 0 else {
      throw BenchError("\(path): \(String(cString: strerror(errno)))")
    }
  }

  /// The next reading of these files goes to the disk.
  static func forget(_ paths: [String]) {
    for path in paths {
      let descriptor = open(path, O_RDONLY)
      if descriptor < 0 { continue }
      fdatasync(descriptor)
      posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
      close(descriptor)
    }
  }
}
