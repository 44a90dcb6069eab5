import Glibc
import TestSupport
import Testing

/// `meterd query` is for everybody who may read the files, whatever the daemon does.
@Suite(.serialized)
struct OtherUserTests {
  private static let nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]

  @Test(.enabled(if: Machine.isRoot, "needs root to become user nobody"), .timeLimit(.minutes(5)))
  func queryAsNobodyWithTheDaemonRunningStoppedAndKilled() async throws {
    let mayRun = try await run(OtherUserTests.nobody + [Repository.meterd, "--version"])
    guard mayRun.isSuccess else { try Test.cancel("user nobody may not run \(Repository.meterd): \(mayRun.errors)") }

    let directory = try TemporaryDirectory()
    var plant = Plant(in: directory)
    plant.addTCPBus("line", try LoopbackAddress.take())
    plant.addSmallMeter("pump", bus: "line", unit: 1, every: "1s")
    let meterd = try MeterdUnderTest(plant, in: directory)
    let simulator = try await meterd.startSimulator()

    let first = try meterd.start()
    try await eventually("four polls; \(meterd.log)") { try await meterd.lines(of: "pump").count >= 8 }
    // Everything before the newest slot is on disk by now and stays as it is.
    let newest = try #require(try await meterd.lines(of: "pump").last)
    let until = try #require(OtherUserTests.due(newest))
    let expected = try await meterd.query("pump", to: until)
    #expect(expected.output.split(separator: "\n").count >= 6)

    let running = try await ask(meterd, until)
    #expect(running.isSuccess && running.output == expected.output, "running: \(running)")
    // Two at a time, while the daemon commits.
    async let one = ask(meterd, until)
    async let two = ask(meterd, until)
    for answer in try await [one, two] { #expect(answer.output == expected.output, "twice: \(answer)") }

    try await meterd.stop(first)
    let stopped = try await ask(meterd, until)
    #expect(stopped.isSuccess && stopped.output == expected.output, "stopped: \(stopped)")

    let second = try meterd.start()
    let before = try await meterd.lines(of: "pump").count
    try await eventually("a poll after the restart; \(meterd.log)") {
      try await meterd.lines(of: "pump").filter { $0.contains("\"good\"") }.count > before
    }
    try await second.killHard()
    let killed = try await ask(meterd, until)
    #expect(killed.isSuccess && killed.output == expected.output, "killed: \(killed)")
    // What the killed daemon had committed is in its write-ahead log: nobody sees that as root does.
    let all = try await meterd.query("pump", to: "2100-01-01")
    let allAsNobody = try await meterd.query("pump", to: "2100-01-01", as: OtherUserTests.nobody)
    #expect(all.output == allAsNobody.output && all.output != expected.output)
    withExtendedLifetime(simulator) {}
  }

  private func ask(_ meterd: MeterdUnderTest, _ until: String) async throws -> CommandResult {
    try await meterd.query("pump", to: until, as: OtherUserTests.nobody)
  }

  /// The slot of a line of NDJSON, as it stands there.
  private static func due(_ line: Substring) -> String? {
    line.split(separator: "\"due\":\"").dropFirst().first?.split(separator: "\"").first.map(String.init)
  }
}
