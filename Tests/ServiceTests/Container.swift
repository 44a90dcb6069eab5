import Glibc

/// A Debian with meterd installed, booted by systemd-nspawn; what it writes is gone afterwards.
struct Container: Sendable {
  let root: String
  private let directory: String
  private let child: Child
  /// Its systemd, as seen from outside, and the process name space that it is in.
  private let leader: pid_t
  private let space: String

  /// Boots the tree with what `make install` puts on top of it.
  static func with<Result>(
    binds: [String] = [], devices: [String: dev_t] = [:], prepare: (String) async throws -> Void,
    _ body: (Container) async throws -> Result
  ) async throws -> Result {
    // Not below /tmp: that may be a tmpfs too small for a debug program, and overlayfs wants a real file system.
    try await withDirectory(below: "/var/tmp") { directory in
      for name in ["upper", "work", "root"] { mkdir(directory + "/" + name, 0o755) }
      let installed = try await execute(
        ["sh", Places.repository + "/scripts/install.sh", directory + "/upper", "/usr"],
        environment: ["METERD_BINARY": Places.meterd])
      guard installed.status == 0 else { throw ServiceTestError("install: \(installed.output)") }
      try await prepare(directory + "/upper")
      let layers = "lowerdir=\(DebianTree.path),upperdir=\(directory)/upper,workdir=\(directory)/work"
      let mounted = try await execute(["mount", "-t", "overlay", "overlay", "-o", layers, directory + "/root"])
      guard mounted.status == 0 else { throw ServiceTestError("cannot boot: overlayfs: \(mounted.output)") }
      do {
        let container = try await boot(directory, binds: binds + (try nodes(devices, in: directory)))
        let result: Result
        do { result = try await body(container) } catch {
          await container.end()
          throw error
        }
        await container.end()
        _ = try await execute(["umount", directory + "/root"])
        return result
      } catch {
        _ = try await execute(["umount", directory + "/root"])
        throw error
      }
    }
  }

  /// Character devices that everybody may open as far as file modes go, as arguments that show them in /dev.
  private static func nodes(_ devices: [String: dev_t], in directory: String) throws -> [String] {
    try devices.map { name, device in
      let path = directory + "/" + name
      guard mknod(path, S_IFCHR | 0o666, device) == 0, chmod(path, 0o666) == 0 else {
        throw ServiceTestError("cannot boot: \(path): \(String(cString: strerror(errno)))")
      }
      return "--bind=\(path):/dev/\(name)"
    }
  }

  private static func boot(_ directory: String, binds: [String]) async throws -> Container {
    let log = open(directory + "/console", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    defer { close(log) }
    let arguments =
      [
        "systemd-nspawn", "--directory=" + directory + "/root", "--boot", "--register=no", "--keep-unit",
        "--private-network", "--resolv-conf=off", "--timezone=off", "--link-journal=no", "--console=pipe",
        // The unit's device policy is a BPF program, which the container's systemd must be allowed to load.
        "--system-call-filter=bpf", "--capability=CAP_BPF",
      ] + binds
    let child = try Child(arguments, environment: ["SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"], output: log)
    let booted = try await poll(limit: .seconds(60)) { () -> Container? in
      guard waitpid(child.pid, nil, WNOHANG) == 0 else {
        throw ServiceTestError("cannot boot: \((readText(directory + "/console") ?? "").suffix(500))")
      }
      // Not the helper that systemd-nspawn starts first, which is still in our own name space.
      guard let leader = firstChild(of: child.pid), let space = processSpace(of: "\(leader)"),
        space != processSpace(of: "self")
      else { return nil }
      let container = Container(
        root: directory + "/root", directory: directory, child: child, leader: leader, space: space)
      let state = try await container.inside(["systemctl", "is-system-running"]).output
      return ["running\n", "degraded\n"].contains(state) ? container : nil
    }
    if let booted { return booted }
    if let leader = firstChild(of: child.pid) { kill(leader, SIGKILL) }
    child.signal(SIGKILL)
    waitpid(child.pid, nil, 0)
    throw ServiceTestError("cannot boot within a minute: \((readText(directory + "/console") ?? "").suffix(500))")
  }

  private static func firstChild(of pid: pid_t) -> pid_t? {
    readText("/proc/\(pid)/task/\(pid)/children")?.split(separator: " ").first.flatMap { pid_t($0) }
  }

  private static func processSpace(of pid: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 64)
    let count = readlink("/proc/\(pid)/ns/pid", &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
  }

  /// Runs a program inside, as root: never on the machine itself, whatever became of the container.
  func inside(_ arguments: [String]) async throws -> CommandResult {
    guard Container.processSpace(of: "\(leader)") == space else { throw ServiceTestError("the container is gone") }
    return try await execute(["nsenter", "-t", "\(leader)", "-m", "-u", "-i", "-n", "-p"] + arguments)
  }

  func shell(_ script: String) async throws -> CommandResult { try await inside(["sh", "-c", script]) }

  func asNobody(_ arguments: [String]) async throws -> CommandResult {
    try await inside(["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"] + arguments)
  }

  /// A property of the unit, as `systemctl show` gives it.
  func property(_ name: String) async throws -> String {
    let output = try await inside(["systemctl", "show", "--property", name, "--value", "meterd"]).output
    return String(output.dropLast(output.hasSuffix("\n") ? 1 : 0))
  }

  func journal() async throws -> String { try await inside(["journalctl", "-u", "meterd", "--no-pager"]).output }

  /// Nothing in it is kept, so it need not end in good order, but it must end.
  private func end() async {
    child.signal(SIGTERM)  // systemd-nspawn passes it on as an orderly shutdown
    _ = try? await child.end(limit: .seconds(60))
    // A container outlives a systemd-nspawn that had to be killed; with its first process all others go.
    if Container.processSpace(of: "\(leader)") == space { kill(leader, SIGKILL) }
  }
}
