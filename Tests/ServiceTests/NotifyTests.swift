import Glibc
import Metering
import Testing

@Suite("What meterd tells systemd")
struct NotifyTests {
  /// A bus where nobody answers: what is told here does not depend on meters.
  static func config(_ directory: String) -> String {
    """
    [site]
    id = "notify"
    time_zone = "Asia/Shanghai"
    [archive]
    path = "\(directory)/archive"
    [status]
    socket = "\(directory)/status.sock"
    [[bus]]
    id = "nobody"
    type = "tcp"
    address = "127.0.0.1:1"
    [[meter]]
    id = "water"
    bus = "nobody"
    unit = 1
    every = "1s"
    energy = "water"
      [[meter.point]]
      quantity = "volume"
      unit = "m3"
      table = "holding"
      address = 0
      type = "u32"

    """
  }

  @Test func `ready, alive, reloading, stopping`() async throws {
    try await withDirectory { directory in
      let file = directory + "/meterd.toml"
      try writeText(NotifyTests.config(directory), to: file)
      let socket = try NotifySocket(directory + "/notify")
      let log = open(directory + "/log", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
      defer { close(log) }
      let meterd = try Child(
        [Places.meterd, "run", "--config", file],
        environment: ["NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "3000000"], output: log)
      do {
        let ready = try await socket.next(with: "READY=1")
        #expect(ready.contains("STATUS=collecting 1 meter on 1 bus"))
        for _ in 0..<3 { #expect(try await socket.next() == ["WATCHDOG=1"]) }

        let before = SystemClock().monotonicNanoseconds() / 1000
        meterd.signal(SIGHUP)
        let reloading = try await socket.next(with: "RELOADING=1")
        let stamp = try #require(reloading.first { $0.hasPrefix("MONOTONIC_USEC=") })
        let microseconds = try #require(UInt64(stamp.dropFirst("MONOTONIC_USEC=".count)))
        // systemd takes a reload for its own only if it began after the request.
        #expect((before...(SystemClock().monotonicNanoseconds() / 1000)).contains(microseconds))
        _ = try await socket.next(with: "READY=1")

        try writeText("[site]\nid = 5\n", to: file)
        meterd.signal(SIGHUP)
        _ = try await socket.next(with: "RELOADING=1")
        _ = try await socket.next(with: "READY=1")
        #expect(try await socket.next() == ["WATCHDOG=1"])

        meterd.signal(SIGTERM)
        _ = try await socket.next(with: "STOPPING=1")
      } catch {
        meterd.signal(SIGKILL)
        _ = try await meterd.end(limit: .seconds(10))
        throw ServiceTestError("\(error); its log: \(readText(directory + "/log") ?? "")")
      }
      #expect(try await meterd.end(limit: .seconds(60)) == 0)
    }
  }

  @Test func `with a bad file it never says that it is ready`() async throws {
    try await withDirectory { directory in
      let file = directory + "/meterd.toml"
      try writeText("[site]\n", to: file)
      let socket = try NotifySocket(directory + "/notify")
      let result = try await execute(
        [Places.meterd, "run", "--config", file], environment: ["NOTIFY_SOCKET": socket.path])
      #expect(result.status == 78)  // what RestartPreventExitStatus= names
      #expect(socket.isEmpty)
    }
  }
}
