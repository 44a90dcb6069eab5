import Glibc
import Synchronization

/// A process of the test. Its output goes to files, so nothing has to be drained and no thread waits for it.
public final class ChildProcess: Sendable {
  public enum Status: Hashable, Sendable {
    case exited(Int32)
    case killed(signal: Int32)
  }

  public let pid: pid_t
  public let outputPath: String
  public let errorPath: String
  private let name: String
  private let status = Mutex<Status?>(nil)

  /// - Parameters:
  ///   - arguments: the program's path, or a name that `PATH` has, and its arguments.
  ///   - environment: added to that of the tests.
  ///   - output: standard output and standard error are appended to `output.out` and `output.err`.
  public init(_ arguments: [String], environment: [String: String] = [:], output: String) throws {
    name = arguments.joined(separator: " ")
    outputPath = output + ".out"
    errorPath = output + ".err"
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    // Nothing of the test process's sockets, signal mask or handlers. (The importer does not see `addclosefrom_np`.)
    for descriptor in TextFile.names(in: "/proc/self/fd").compactMap({ Int32($0) }) where descriptor > 2 {
      posix_spawn_file_actions_addclose(&actions, descriptor)
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var argv = arguments.map { strdup($0) } + [nil]
    defer { for pointer in argv { free(pointer) } }
    var envp = ChildProcess.environment(environment).map { strdup($0) } + [nil]
    defer { for pointer in envp { free(pointer) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, arguments[0], &actions, &attributes, &argv, &envp)
    guard code == 0 else { throw TestSupportError(arguments[0], code) }
    self.pid = pid
  }

  /// Nothing that a test starts outlives it.
  deinit {
    guard poll() == nil else { return }
    Glibc.kill(pid, SIGKILL)
    var raw: Int32 = 0
    waitpid(pid, &raw, 0)
  }

  private static func environment(_ added: [String: String]) -> [String] {
    var result: [String] = []
    var next = environ
    while let entry = next.pointee {
      let text = String(cString: entry)
      if added[String(text.prefix { $0 != "=" })] == nil { result.append(text) }
      next += 1
    }
    // A systemd of the machine that runs the tests is not the one that started meterd.
    let foreign = ["NOTIFY_SOCKET=", "WATCHDOG_USEC=", "WATCHDOG_PID=", "JOURNAL_STREAM="]
    result.removeAll { entry in foreign.contains { entry.hasPrefix($0) } }
    return result + added.map { "\($0.key)=\($0.value)" }
  }

  public var output: String { TextFile.read(outputPath) }
  public var errors: String { TextFile.read(errorPath) }

  public func send(_ signal: Int32) { if poll() == nil { Glibc.kill(pid, signal) } }

  /// How it ended; nil while it runs.
  public func poll() -> Status? {
    status.withLock { status in
      if let status { return status }
      var raw: Int32 = 0
      guard waitpid(pid, &raw, WNOHANG) == pid else { return nil }
      // WIFEXITED and the like are macros (wait(2)).
      status = raw & 0x7F == 0 ? .exited(raw >> 8 & 0xFF) : .killed(signal: raw & 0x7F)
      return status
    }
  }

  public var isRunning: Bool { poll() == nil }

  @discardableResult
  public func waitForEnd(within limit: Duration = .seconds(60)) async throws -> Status {
    try await eventually(within: limit, every: .milliseconds(10), "end of \(name); it says: \(errors.suffix(2000))") {
      !isRunning
    }
    guard let status = poll() else { throw TestSupportError("\(name) has no status") }
    return status
  }

  /// kill -9, and its end.
  public func killHard() async throws {
    send(SIGKILL)
    try await waitForEnd()
  }
}

/// A command that ran to its end.
public struct CommandResult: Sendable {
  public let status: ChildProcess.Status
  public let output: String
  public let errors: String

  public var isSuccess: Bool { status == .exited(0) }
}

/// Runs a command to its end.
public func run(
  _ arguments: [String], environment: [String: String] = [:], within limit: Duration = .seconds(120)
) async throws -> CommandResult {
  let directory = try TemporaryDirectory()
  let child = try ChildProcess(arguments, environment: environment, output: directory.file("command"))
  let status = try await child.waitForEnd(within: limit)
  return CommandResult(status: status, output: child.output, errors: child.errors)
}
