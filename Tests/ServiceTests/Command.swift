import Glibc
import Threads

/// What a program said and how it ended.
struct CommandResult: Sendable {
  /// Its exit code; 128 + the signal where a signal ended it.
  let status: Int32
  /// Standard output and standard error.
  let output: String
}

struct ServiceTestError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// A program that was started by a test.
struct Child: Sendable {
  let pid: pid_t

  /// - Parameters:
  ///   - environment: added to the test's own.
  ///   - output: a descriptor for standard output and standard error.
  init(_ arguments: [String], environment: [String: String] = [:], output: Int32) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, output, 2)
    var variables = Child.ownEnvironment
    variables.merge(environment) { $1 }
    var argv = arguments.map { strdup($0) } + [nil]
    var envp = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in argv + envp { free(text) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, arguments[0], &actions, nil, &argv, &envp)
    guard code == 0 else { throw ServiceTestError("\(arguments[0]): \(String(cString: strerror(code)))") }
    self.pid = pid
  }

  func signal(_ signal: Int32) { kill(pid, signal) }

  /// Waits for its end, at most for the limit, then kills it.
  func end(limit: Duration) async throws -> Int32 {
    let ended = try await poll(limit: limit) { () -> Int32? in
      var status: Int32 = 0
      return waitpid(pid, &status, WNOHANG) == pid ? Child.code(status) : nil
    }
    if let ended { return ended }
    var status: Int32 = 0
    signal(SIGKILL)
    waitpid(pid, &status, 0)
    throw ServiceTestError("pid \(pid) had not ended after \(limit)")
  }

  fileprivate static func code(_ status: Int32) -> Int32 {
    let signal = status & 0x7f
    return signal == 0 ? (status >> 8) & 0xff : 128 + signal
  }

  private static let ownEnvironment: [String: String] = {
    var result: [String: String] = [:]
    var next = environ
    while let entry = next.pointee {
      let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
      next += 1
    }
    return result
  }()
}

/// Runs a program to its end on a thread of its own.
///
/// - Parameter seconds: a guard, far above what the program needs.
func execute(_ arguments: [String], environment: [String: String] = [:], seconds: Int = 120) async throws
  -> CommandResult
{
  try await OwnThread.run(name: "command") {
    var ends: [Int32] = [0, 0]
    // Not pipe(2): an end that another test's child inherits would never close.
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw ServiceTestError("no socket pair") }
    defer { close(ends[0]) }
    let child: Child
    do {
      defer { close(ends[1]) }
      child = try Child(["timeout", "-k", "5", "\(seconds)"] + arguments, environment: environment, output: ends[1])
    }
    let bytes = readAll(ends[0])
    var status: Int32 = 0
    waitpid(child.pid, &status, 0)
    return CommandResult(status: Child.code(status), output: String(decoding: bytes, as: UTF8.self))
  }
}

/// Asks again until there is an answer, or nil after the limit.
func poll<Answer>(
  limit: Duration = .seconds(60), _ answer: () async throws -> Answer?
) async throws -> Answer? {
  let end = ContinuousClock.now + limit
  while true {
    if let found = try await answer() { return found }
    if ContinuousClock.now >= end { return nil }
    try await Task.sleep(for: .milliseconds(100))
  }
}

private func readAll(_ descriptor: Int32) -> [UInt8] {
  var result: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = read(descriptor, &buffer, buffer.count)
    if count > 0 { result += buffer[..<count] } else if count == 0 || errno != EINTR { return result }
  }
}

func readText(_ path: String) -> String? {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  return String(decoding: readAll(descriptor), as: UTF8.self)
}

func writeText(_ text: String, to path: String) throws {
  let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
  guard descriptor >= 0 else { throw ServiceTestError("\(path): \(String(cString: strerror(errno)))") }
  defer { close(descriptor) }
  var rest = Array(text.utf8)[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    guard count > 0 else { throw ServiceTestError("\(path): \(String(cString: strerror(errno)))") }
    rest = rest.dropFirst(count)
  }
}
