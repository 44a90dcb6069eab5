import Glibc

/// Why a zone could not be read.
public enum ZoneError: Error, Hashable, Sendable {
  case badName(String)
  case absent(zone: String, path: String)
  case unreadable(zone: String, path: String, errno: Int32)
  case notAFile(zone: String, path: String)
  case tooLarge(zone: String, bytes: Int)
  case malformed(zone: String, reason: String)
}

extension ZoneError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .badName(let name):
      "\"\(name)\" is no time zone name: write it like Asia/Shanghai"
    case .absent(let zone, let path):
      "time zone \(zone) is unknown: there is no file \(path); check the spelling, or install tzdata"
    case .unreadable(let zone, let path, let code):
      "time zone \(zone): \(path) cannot be read: \(String(cString: strerror(code)))"
    case .notAFile(let zone, let path):
      "time zone \(zone): \(path) is no file; name a zone inside it, such as Asia/Shanghai"
    case .tooLarge(let zone, let bytes):
      "time zone \(zone): a file of \(bytes) bytes is none of a time zone; reinstall tzdata"
    case .malformed(let zone, let reason):
      "time zone \(zone): the file is malformed: \(reason); reinstall tzdata"
    }
  }
}

enum ZoneFile {
  /// The largest zone file of 2025 has under 4 KiB.
  static let maximumBytes = 1 << 20

  static func bytes(of zone: String, path: String) throws(ZoneError) -> [UInt8] {
    // Without O_NONBLOCK a pipe of that name would hold the caller for ever.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      let code = errno
      throw code == ENOENT || code == ENOTDIR
        ? .absent(zone: zone, path: path) : .unreadable(zone: zone, path: path, errno: code)
    }
    defer { close(file) }
    var information = stat()
    guard fstat(file, &information) == 0 else { throw .unreadable(zone: zone, path: path, errno: errno) }
    guard information.st_mode & S_IFMT == S_IFREG else { throw .notAFile(zone: zone, path: path) }
    guard information.st_size <= maximumBytes else { throw .tooLarge(zone: zone, bytes: Int(information.st_size)) }

    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = read(file, &chunk, chunk.count)
      let code = errno
      if count == 0 { return bytes }
      if count < 0 {
        if code == EINTR { continue }
        throw .unreadable(zone: zone, path: path, errno: code)
      }
      bytes.append(contentsOf: chunk[..<count])
      guard bytes.count <= maximumBytes else { throw .tooLarge(zone: zone, bytes: bytes.count) }
    }
  }
}
