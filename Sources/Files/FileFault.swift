import Glibc

/// What could not be done with a file; where, why, and what to do.
public struct FileFault: Error, Hashable, CustomStringConvertible {
  public let description: String
  /// `errno`, where there was one.
  public let code: Int32

  /// Takes `errno`: make it in the same synchronous call.
  public init(_ path: String, _ what: String, code: Int32 = errno) {
    let advice =
      switch code {
      case ENOSPC, EDQUOT: "; free space there"
      case EACCES, EPERM: "; let meterd's user write there"
      case ENOENT: "; make the directory"
      case EROFS: "; the file system is read-only"
      default: ""
      }
    self.code = code
    description = "\(path): \(what): \(String(cString: strerror(code)))\(advice)"
  }
}
