import Glibc

/// How much room an archive takes and has.
struct DiskSpace: Sendable {
  var used: UInt64 = 0
  /// Of that, files of sealed days.
  var sealed: UInt64 = 0
  var free: UInt64 = 0

  init() {}

  /// Looks at the files below a directory; blocks.
  init(directory: String) {
    var pending = [directory]
    while let path = pending.popLast() {
      guard let entries = opendir(path) else { continue }
      defer { closedir(entries) }
      while let entry = readdir(entries) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) {
          String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name == "." || name == ".." { continue }
        var information = stat()
        guard lstat("\(path)/\(name)", &information) == 0 else { continue }
        if information.st_mode & S_IFMT == S_IFDIR {
          pending.append("\(path)/\(name)")
        } else {
          used += UInt64(information.st_blocks) * 512
          if name.hasSuffix(".mseg") { sealed += UInt64(information.st_blocks) * 512 }
        }
      }
    }
    var volume = statvfs()
    if statvfs(directory, &volume) == 0 { free = UInt64(volume.f_bavail) * UInt64(volume.f_frsize) }
  }
}
