import Glibc
import Synchronization

/// The TLS files of one station, read again when they changed.
final class TLSSource: Sendable {
  private let files: TLSFiles
  private let last = Mutex<(stamps: [FileStamp], material: TLSMaterial)?>(nil)

  init(_ files: TLSFiles) { self.files = files }

  /// Blocks in reading files.
  func load() throws(TLSRefusal) -> TLSMaterial {
    var stamps: [FileStamp] = []
    for path in [files.certificate, files.key, files.authorities, files.revocations].compactMap({ $0 }) {
      stamps.append(try FileStamp(path))
    }
    if let last = last.withLock({ $0 }), last.stamps == stamps { return last.material }
    let material = try TLSMaterial(files, contents: Self.contents)
    last.withLock { $0 = (stamps, material) }
    return material
  }

  /// A revocation list of a large authority has some megabytes.
  private static let sizeLimit = 64 << 20

  private static func contents(_ path: String) throws(TLSRefusal) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileStamp.refusal(path) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      if count < 0 { throw FileStamp.refusal(path) }
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += chunk[..<count]
      if bytes.count > sizeLimit { throw TLSRefusal("\(path) is larger than \(sizeLimit >> 20) MiB") }
    }
  }
}

/// Tells whether a file was written or replaced.
struct FileStamp: Hashable {
  private let inode: UInt64
  private let size: Int64
  private let seconds: Int64
  private let nanoseconds: Int64

  init(_ path: String) throws(TLSRefusal) {
    var status = stat()
    guard stat(path, &status) == 0 else { throw Self.refusal(path) }
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    seconds = Int64(status.st_mtim.tv_sec)
    nanoseconds = Int64(status.st_mtim.tv_nsec)
  }

  /// For what errno says.
  static func refusal(_ path: String) -> TLSRefusal {
    let code = errno
    let who = code == EACCES ? ": give meterd's user the right to read it" : ""
    return TLSRefusal("\(path) cannot be read: \(String(cString: strerror(code)))\(who)")
  }
}
