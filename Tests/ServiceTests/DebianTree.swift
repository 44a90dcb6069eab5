import Glibc

/// A bare Debian tree with systemd, built once and kept.
enum DebianTree {
  static let path = "/var/tmp/meterd-test-rootfs"

  /// Why no systemd of our own can be started here; nil where it may be tried.
  static let obstacle: String? = {
    if geteuid() != 0 { return "needs root for systemd-nspawn" }
    for (name, package) in [("systemd-nspawn", "systemd-container"), ("nsenter", "util-linux")]
    where Places.program(name) == nil {
      return "\(name) is not installed here (apt-get install \(package))"
    }
    if access(path + "/complete", F_OK) == 0 { return nil }
    if getenv("METERD_NSPAWN") == nil && getenv("METERD_SOAK") == nil {
      return
        "no Debian tree at \(path) yet: METERD_NSPAWN=1 swift test builds it with debootstrap (over a minute, once)"
    }
    return Places.program("debootstrap") == nil
      ? "debootstrap is not installed here (apt-get install debootstrap)" : nil
  }()

  private static let packages = ["systemd", "systemd-sysv", "dbus", "libmodbus5", "libsqlite3-0", "zlib1g", "socat"]

  /// Of the release of this machine, so that a program built here runs in it.
  static func build() async throws {
    if access(path + "/complete", F_OK) == 0 { return }
    let lines = (readText("/etc/os-release") ?? "").split(separator: "\n")
    guard let line = lines.first(where: { $0.hasPrefix("VERSION_CODENAME=") }) else {
      throw ServiceTestError("/etc/os-release names no release")
    }
    let release = String(line.dropFirst("VERSION_CODENAME=".count))
    let partial = path + ".\(getpid())"
    let result = try await execute(
      [
        "debootstrap", "--variant=minbase", "--include=" + packages.joined(separator: ","), release, partial,
      ], seconds: 900)
    guard result.status == 0 else {
      _ = try await execute(["rm", "-rf", "--one-file-system", partial])
      throw ServiceTestError("debootstrap: \(result.output.suffix(1000))")
    }
    try writeText("", to: partial + "/complete")
    guard rename(partial, path) == 0 else { throw ServiceTestError("\(path): \(String(cString: strerror(errno)))") }
  }
}
