import Glibc

/// The socket's place in the file system. The socket is made in a directory that only this user may enter, gets its
/// mode there and is renamed to its path: at no time is it reachable with another mode, a stale socket is replaced in
/// one step, and the process's umask (which every thread shares) stays as it is.
struct SocketFile: Sendable {
  /// What SwiftNIO takes (`SocketAddress`). Linux itself would take 107 bytes (unix(7)), macOS 103.
  static let maximumPathBytes = 103
  private static let stagingTemplate = ".XXXXXX"
  private static let stagingName = "s"

  let path: String
  let mode: mode_t
  private let stagingDirectory: String

  var stagingPath: String { "\(stagingDirectory)/\(Self.stagingName)" }

  /// Checks the path and makes the staging directory. `remove()` takes it away again.
  init(path: String, mode: mode_t) throws(StatusServerError) {
    self.path = path
    self.mode = mode
    guard path.utf8.count <= Self.maximumPathBytes else {
      throw .pathTooLong(path: path, bytes: path.utf8.count, maximum: Self.maximumPathBytes)
    }
    let directory = Self.directory(of: path)
    var template = "\(directory)/\(Self.stagingTemplate)"
    guard template.utf8.count + 1 + Self.stagingName.utf8.count <= Self.maximumPathBytes else {
      let name = path.utf8.count - directory.utf8.count
      let staging = 2 + Self.stagingTemplate.utf8.count + Self.stagingName.utf8.count
      throw .pathTooLong(path: path, bytes: path.utf8.count, maximum: Self.maximumPathBytes - staging + name)
    }
    var info = stat()
    guard stat(directory, &info) == 0 else {
      let code = errno
      if code == ENOENT || code == ENOTDIR { throw .noDirectory(directory: directory) }
      throw .failed(doing: "look at", path: directory, errno: code)
    }
    guard info.st_mode & S_IFMT == S_IFDIR else { throw .noDirectory(directory: directory) }
    if lstat(path, &info) == 0 {
      guard info.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(path: path) }
      if Self.isAlive(path) { throw .inUse(path: path) }
    }

    var code: CInt = 0
    var bytes = Array(template.utf8CString)
    let made = bytes.withUnsafeMutableBufferPointer { buffer in
      let made = buffer.baseAddress.map { mkdtemp($0) != nil } ?? false
      code = errno
      return made
    }
    guard made else { throw .failed(doing: "make a socket in", path: directory, errno: code) }
    template = String(decoding: bytes.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    stagingDirectory = template
  }

  /// Gives the bound and listening socket its mode and its path.
  ///
  /// - Returns: its inode, by which `remove` knows it again.
  func publish() throws(StatusServerError) -> UInt64 {
    var info = stat()
    guard lstat(stagingPath, &info) == 0 else { throw .failed(doing: "look at", path: stagingPath, errno: errno) }
    guard chmod(stagingPath, mode) == 0 else { throw .failed(doing: "set the mode of", path: path, errno: errno) }
    guard rename(stagingPath, path) == 0 else { throw .failed(doing: "rename the socket to", path: path, errno: errno) }
    rmdir(stagingDirectory)
    return UInt64(info.st_ino)
  }

  /// Takes away what is left of staging, for a start that failed.
  func removeStaging() {
    unlink(stagingPath)
    rmdir(stagingDirectory)
  }

  /// Removes the socket after the server has stopped, so that clients hear "no socket" instead of "refused"; another one
  /// that has taken its place is left.
  func remove(inode: UInt64) {
    var info = stat()
    if lstat(path, &info) == 0, UInt64(info.st_ino) == inode { unlink(path) }
  }

  /// Whether somebody answers there: then it is not stale.
  private static func isAlive(_ path: String) -> Bool {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
