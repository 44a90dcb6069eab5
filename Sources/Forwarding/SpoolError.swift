import Glibc

/// Why a spool file could not be made or delivered; where, and what to do.
public struct SpoolError: Error, Hashable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }

  /// Takes `errno`: make it in the same synchronous call.
  init(_ path: String, _ what: String, code: Int32 = errno) {
    let advice =
      switch code {
      case ENOSPC, EDQUOT: "; free space there"
      case EACCES, EPERM: "; let meterd's user write there"
      case ENOENT: "; make the directory"
      case EROFS: "; the file system is read-only"
      default: ""
      }
    description = "\(path): \(what): \(String(cString: strerror(code)))\(advice)"
  }
}
