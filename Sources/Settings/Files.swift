import Glibc

/// What the settings need of the file system.
enum Files {
  /// Room for 5,000 meters with all their keys.
  static let maximumSettingsBytes = 4 << 20
  static let maximumProfileBytes = 1 << 20

  struct Failure: Error {
    var message: String
  }

  /// Reads a regular file of at most `maximumBytes`; a larger one is refused before it is read.
  static func read(_ path: String, maximumBytes: Int) throws(Failure) -> [UInt8] {
    // Not blocking: the open of a pipe that nobody writes to would never return.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Failure(message: "the file cannot be opened: \(reason(errno))") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw Failure(message: "the file cannot be read: \(reason(errno))")
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(message: "this is not a regular file") }
    let tooLarge = "the file is larger than \(maximumBytes >> 20) MiB, the most that is read: is it the right one?"
    guard status.st_size <= maximumBytes else { throw Failure(message: tooLarge) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count == 0 { return bytes }
      if count < 0 {
        let failure = errno
        if failure == EINTR { continue }
        throw Failure(message: "the file cannot be read: \(reason(failure))")
      }
      bytes.append(contentsOf: chunk[..<count])
      guard bytes.count <= maximumBytes else { throw Failure(message: tooLarge) }
    }
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// The names in a directory that end with `suffix`, without it, sorted; none where there is no such directory.
  static func names(in directory: String, suffix: String) -> [String] {
    guard let stream = opendir(directory.isEmpty ? "." : directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while names.count < 10_000, let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name.hasSuffix(suffix), !name.hasPrefix(".") { names.append(String(name.dropLast(suffix.count))) }
    }
    return names.sorted()
  }

  /// The directory that a file lies in: empty for a bare name, else without the last slash but for the root.
  static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "" }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// A path as written in a file of that directory.
  static func resolve(_ path: String, in directory: String) -> String {
    if path.hasPrefix("/") || directory.isEmpty { return path }
    return withoutDetours(directory.hasSuffix("/") ? directory + path : directory + "/" + path)
  }

  /// `config/../data` is `data`, where `config` is a plain directory: a link could lead elsewhere.
  private static func withoutDetours(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/", omittingEmptySubsequences: false) {
      if part == "..", let last = parts.last, last != "..", last != ".", !last.isEmpty {
        var status = stat()
        if lstat(parts.joined(separator: "/"), &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
          parts.removeLast()
          continue
        }
      }
      parts.append(part)
    }
    return parts.joined(separator: "/")
  }

  private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
