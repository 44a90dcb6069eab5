import Glibc

/// Where things lie.
enum Places {
  /// The repository.
  static let repository: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/")
  }()

  static let unit = repository + "/systemd/meterd.service"

  /// The program under test: built with the tests, it lies beside them.
  static let meterd: String = {
    var parts = CommandLine.arguments[0].split(separator: "/", omittingEmptySubsequences: false)
    parts[parts.count - 1] = "meterd"
    return parts.joined(separator: "/")
  }()

  /// The first of the usual places that has the program.
  static func program(_ name: String) -> String? {
    ["/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/"].map { $0 + name }.first { access($0, X_OK) == 0 }
  }
}

/// A directory that is gone when the test is over.
func withDirectory<Result>(
  below parent: String = "/tmp", _ body: (String) async throws -> Result
) async throws -> Result {
  var template = Array((parent + "/meterd-service-XXXXXX").utf8CString)
  guard mkdtemp(&template) != nil else { throw ServiceTestError("no directory below \(parent)") }
  let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  chmod(path, 0o755)
  do {
    let result = try await body(path)
    _ = try await execute(["rm", "-rf", "--one-file-system", path])
    return result
  } catch {
    _ = try? await execute(["rm", "-rf", "--one-file-system", path])
    throw error
  }
}
