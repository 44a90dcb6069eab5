import Glibc
import Testing

@Suite("make install")
struct InstallTests {
  private func install(_ destdir: String, prefix: String = "/usr", binary: String = "/bin/true") async throws
    -> CommandResult
  {
    try await execute(
      ["sh", Places.repository + "/scripts/install.sh", destdir, prefix], environment: ["METERD_BINARY": binary])
  }

  private func mode(_ path: String) -> UInt32? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
  }

  @Test func `everything is in its place`() async throws {
    try await withDirectory { directory in
      let result = try await install(directory)
      #expect(result.status == 0, "\(result.output)")
      #expect(mode(directory + "/usr/bin/meterd") == 0o755)
      for path in [
        "/usr/lib/systemd/system/meterd.service", "/usr/lib/sysusers.d/meterd.conf", "/usr/lib/tmpfiles.d/meterd.conf",
        "/usr/lib/modules-load.d/meterd.conf", "/usr/share/meterd/profiles/eastron-sdm630.toml",
        "/usr/share/doc/meterd/meterd.toml", "/usr/share/doc/meterd/OPERATIONS.md", "/etc/meterd/meterd.toml",
      ] {
        #expect(mode(directory + path) == 0o644, "\(path)")
      }
      let unit = readText(directory + "/usr/lib/systemd/system/meterd.service")
      #expect(unit == readText(Places.unit))
    }
  }

  @Test func `a second time it keeps the file that was edited and brings the rest up to date`() async throws {
    try await withDirectory { directory in
      #expect(try await install(directory).status == 0)
      let config = directory + "/etc/meterd/meterd.toml"
      try writeText("# mine\n", to: config)
      try writeText("old", to: directory + "/usr/lib/systemd/system/meterd.service")
      try writeText("old", to: directory + "/usr/share/meterd/profiles/gone-model.toml")
      #expect(try await install(directory).status == 0)
      #expect(readText(config) == "# mine\n")
      #expect(readText(directory + "/usr/lib/systemd/system/meterd.service") == readText(Places.unit))
      #expect(mode(directory + "/usr/share/meterd/profiles/gone-model.toml") == nil)
      let example = readText(Places.repository + "/config/meterd.toml")
      #expect(readText(directory + "/usr/share/doc/meterd/meterd.toml") == example)
    }
  }

  @Test func `below usr local the unit starts that program`() async throws {
    try await withDirectory { directory in
      #expect(try await install(directory, prefix: "/usr/local").status == 0)
      let unit = try #require(readText(directory + "/usr/local/lib/systemd/system/meterd.service"))
      #expect(unit.contains("ExecStart=/usr/local/bin/meterd run"))
      #expect(unit.contains("ExecReload=/usr/local/bin/meterd check"))
      #expect(!unit.contains("/usr/bin/meterd"))
    }
  }

  @Test func `without a program it says how to get one`() async throws {
    try await withDirectory { directory in
      let result = try await install(directory, binary: directory + "/nothing")
      #expect(result.status == 1)
      #expect(result.output.contains("make build"))
      #expect(mode(directory + "/usr") == nil)
    }
  }

  @Test(arguments: ["/opt/meterd", "usr"])
  func `a prefix where systemd does not look is refused`(_ prefix: String) async throws {
    try await withDirectory { directory in
      let result = try await install(directory, prefix: prefix)
      #expect(result.status == 1)
      #expect(result.output.contains("PREFIX is '\(prefix)'"))
    }
  }
}
