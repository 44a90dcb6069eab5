import Glibc
import TestSupport
import Testing

/// A small file system of a test's own, in memory.
private final class SmallDisk: Sendable {
  let path: String

  private init(path: String) { self.path = path }

  /// Skips the test where nothing can be mounted.
  static func mount(in directory: TemporaryDirectory, megabytes: Int) async throws -> SmallDisk {
    let path = try directory.makeDirectory("disk")
    let result = try await run(["mount", "-t", "tmpfs", "-o", "size=\(megabytes)m,mode=755", "none", path])
    if !result.isSuccess { try Test.cancel("no tmpfs can be mounted here: \(result.errors)") }
    return SmallDisk(path: path)
  }

  deinit { umount2(path, Int32(MNT_DETACH)) }

  func remount(_ options: String) async throws {
    let result = try await run(["mount", "-o", "remount,\(options)", path])
    guard result.isSuccess else { throw TestSupportError("remount \(options): \(result.errors)") }
  }

  private var filler: String { path + "/filler" }

  /// Takes every byte that is left.
  func fill() throws {
    let descriptor = open(filler, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }  // Not even a name fits.
    defer { close(descriptor) }
    let block = [UInt8](repeating: 0x55, count: 4096)
    var count = 0
    repeat { count = write(descriptor, block, block.count) } while count > 0
  }

  func free() { unlink(filler) }
}

extension Faults {
  /// Disks that take nothing: collection waits in memory, loudly, and goes on.
  @Suite(.enabled(if: Machine.isRoot, "needs root to mount a small disk"))
  struct DiskTests {
    private func plant(_ directory: TemporaryDirectory, _ disk: SmallDisk) throws -> Plant {
      var plant = Plant(in: directory)
      plant.archive = disk.path + "/archive"
      plant.addTCPBus("bus", try LoopbackAddress.take())
      plant.addSmallMeter("pump", bus: "bus", unit: 1, every: "1s")
      plant.addSmallMeter("fan", bus: "bus", unit: 2, every: "1s")
      plant.addSpool("spool", disk.path + "/spool", period: "2s", grace: "500ms")
      return plant
    }

    @Test(.timeLimit(.minutes(5)))
    func aFullDiskIsWaitedFor() async throws {
      let directory = try TemporaryDirectory()
      let disk = try await SmallDisk.mount(in: directory, megabytes: 8)
      let plant = try plant(directory, disk)
      let meterd = try MeterdUnderTest(plant, in: directory)
      let simulator = try await meterd.startSimulator()
      let daemon = try meterd.start()
      try await meterd.waitForStatus("a spool file") { $0.archive.state == "ok" && $0.forwards.first?.lastFile != nil }

      try disk.fill()
      let full = try await meterd.waitForStatus("a full disk") { status in
        try disk.fill()  // What SQLite gave back in between.
        return status.archive.state == "failing" && status.archive.uncommitted > 4
      }
      #expect(full.state == "degraded" && daemon.isRunning)
      #expect(full.reasons.contains { $0.contains("full") && $0.contains(plant.archive) }, "\(full.reasons)")
      #expect(meterd.log.contains("full"), "the log is silent: \(meterd.log)")
      let text = try await meterd.meterd(["status", "--socket", plant.socket])
      #expect(text.status == .exited(1) && text.output.contains("free space"), "\(text)")

      disk.free()
      let head = full.archive.headSeq ?? 0
      try await meterd.waitForStatus("everything on disk") { status in
        status.archive.state == "ok" && (status.archive.headSeq ?? 0) > head + UInt64(full.archive.uncommitted)
      }
      try await meterd.stop(daemon)
      // What was read while the disk was full waited in memory: there is no gap at all.
      let summary = try await ArchiveSummary.read(plant.archive, everyMilliseconds: 1000)
      #expect(summary.wrong == [])
      #expect(summary.missed == [:])
      #expect(try await SpoolFiles(disk.path + "/spool").verify() == nil)
      withExtendedLifetime(simulator) {}
    }

    @Test(.timeLimit(.minutes(5)))
    func aStartOnAFullDiskIsWaitedFor() async throws {
      let directory = try TemporaryDirectory()
      let disk = try await SmallDisk.mount(in: directory, megabytes: 8)
      let plant = try plant(directory, disk)
      let meterd = try MeterdUnderTest(plant, in: directory)
      let simulator = try await meterd.startSimulator()
      let first = try meterd.start()
      try await meterd.waitForStatus("readings") { $0.archive.state == "ok" && ($0.archive.headSeq ?? 0) > 4 }
      try await first.killHard()
      try disk.fill()
      let second = try meterd.start()
      try await meterd.waitForStatus("a full disk") { $0.state == "degraded" && $0.archive.state == "failing" }
      #expect(second.isRunning)
      disk.free()
      try await meterd.waitForStatus("a healthy archive") {
        $0.archive.state == "ok" && $0.meters.allSatisfy { $0.state == "ok" }
      }
      try await meterd.stop(second)
      let summary = try await ArchiveSummary.read(plant.archive, everyMilliseconds: 1000)
      #expect(summary.wrong == [])
      // Down between the two, or shorter than a slot; what came on the full disk waited in memory.
      #expect(Set(summary.missed.keys).isSubset(of: ["gateway-down"]), "\(summary.missed)")
      withExtendedLifetime(simulator) {}
    }

    @Test(.timeLimit(.minutes(5)))
    func aReadOnlyDiskIsWaitedFor() async throws {
      let directory = try TemporaryDirectory()
      let disk = try await SmallDisk.mount(in: directory, megabytes: 8)
      let plant = try plant(directory, disk)
      let meterd = try MeterdUnderTest(plant, in: directory)
      let simulator = try await meterd.startSimulator()
      let first = try meterd.start()
      try await meterd.waitForStatus("readings") { $0.archive.state == "ok" && ($0.archive.headSeq ?? 0) > 4 }
      try await meterd.stop(first)

      try await disk.remount("ro")
      let second = try meterd.start()
      let status = try await meterd.waitForStatus("a read-only disk") {
        $0.state == "degraded" && $0.archive.state == "failing"
      }
      #expect(second.isRunning)
      #expect(status.reasons.contains { $0.contains(plant.archive) && $0.lowercased().contains("read-only") })
      // Who only reads is not hindered.
      #expect(try await meterd.lines(of: "pump").count > 2)

      try await disk.remount("rw")
      try await meterd.waitForStatus("a healthy archive") {
        $0.archive.state == "ok" && $0.meters.allSatisfy { $0.state == "ok" }
      }
      try await meterd.stop(second)
      let summary = try await ArchiveSummary.read(plant.archive, everyMilliseconds: 1000)
      #expect(summary.wrong == [])
      #expect(Set(summary.missed.keys) == ["gateway-down"], "\(summary.missed)")
      withExtendedLifetime(simulator) {}
    }
  }
}
