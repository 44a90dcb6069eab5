import Glibc

/// Where the tests find what they drive.
public enum Repository {
  /// The root of the source tree, whatever directory the tests are started from.
  public static let root: String = {
    let file = resolved(#filePath)
    return file.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
  }()

  public static var profiles: String { root + "/config/profiles" }

  /// Made by `scripts/deps.sh`; pymodbus is in it.
  public static var python: String { root + "/.venv/bin/python" }

  /// The executable of the same build: it lies beside the test bundle.
  public static let meterd: String = {
    let bundle = resolved("/proc/self/exe")
    return bundle.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/meterd"
  }()

  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }
}

/// What the machine allows; a test that needs more says so and is skipped.
public enum Machine {
  public static var isRoot: Bool { geteuid() == 0 }

  /// `make soak`: the full counts and hours.
  public static var isSoak: Bool { getenv("METERD_SOAK").map { String(cString: $0) } == "1" }
}
