import Glibc
import Testing

/// The unit as a real systemd runs it. One boot for all of it: a boot costs more than the rest.
@Suite("The unit under a real systemd")
struct SystemdTests {
  @Test(.disabled(if: DebianTree.obstacle != nil, Comment(rawValue: DebianTree.obstacle ?? "")))
  func `starts, is confined, reloads, comes back, stops`() async throws {
    do {
      try await DebianTree.build()
      try await Container.with(
        binds: try await SystemdTests.binds(), devices: SystemdTests.devices, prepare: SystemdTests.prepare
      ) { container in
        do {
          try await starts(container)
          try await isConfined(container)
          try await showsItselfToOthers(container)
          try await reloads(container)
          try await comesBack(container)
          try await comesBackFromAStandstill(container)
          try await stops(container)
          try await staysDownWithABadFile(container)
        } catch { throw ServiceTestError("\(error); journal: \(try await container.journal().suffix(3000))") }
      }
    } catch let error as ServiceTestError where error.description.hasPrefix("cannot boot") {
      try Test.cancel(Comment(rawValue: "systemd-nspawn \(error)"))
    }
  }

  // MARK: - What lies in the tree

  /// The Swift runtime, which a program that is not linked statically looks for where it was built.
  private static func binds() async throws -> [String] {
    let libraries = try await execute(["ldd", Places.meterd]).output.split(separator: "\n")
    let runtime = libraries.first { $0.contains("libswiftCore.so") }?.split(separator: " ").first { $0.hasPrefix("/") }
    guard let runtime else { return [] }
    return ["--bind-ro=" + runtime.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }]
  }

  private static let simulated = """
    [site]
    id = "service"
    time_zone = "Asia/Shanghai"
    [archive]
    path = "/var/lib/meterd/archive"
    [[bus]]
    id = "hall"
    type = "tcp"
    address = "127.0.0.1:25020"
    [[meter]]
    id = "main"
    bus = "hall"
    unit = 1
    profile = "eastron-sdm630"
    every = "1s"
    [[forward]]
    id = "out"
    type = "directory"
    path = "/var/spool/meterd/out"
    period = "1m"
    grace = "1s"

    """

  /// Tries, inside the unit's confinement, what meterd has no business to do, and what it needs.
  private static let probe = """
    #!/bin/sh
    try() {
      name=$1
      shift
      if ("$@") >/dev/null 2>&1; then echo "$name: can"; else echo "$name: cannot"; fi
    }
    readable() { exec 3<"$1"; }
    exec >/var/lib/meterd/probe
    try config touch /etc/meterd/x
    try usr touch /usr/x
    try log touch /var/log/x
    try home ls /root
    try mount mount -t tmpfs tmpfs /mnt
    try namespace unshare -U true
    try clock date -s @1000000000
    try owner chown root /var/lib/meterd/probe
    try setuid chmod 4755 /var/lib/meterd/probe
    try others ls /proc/1
    try state touch /var/lib/meterd/x
    try runtime touch /run/meterd/x
    try spool touch /var/spool/meterd/x
    try null readable /dev/null
    try boot-id readable /proc/sys/kernel/random/boot_id
    (exec 3</dev/meterd-other) 2>/var/lib/meterd/other-device
    (exec 3</dev/meterd-serial) 2>/var/lib/meterd/serial-device
    exit 0

    """

  private static func prepare(_ tree: String) async throws {
    try writeText(simulated, to: tree + "/etc/meterd/meterd.toml")
    mkdir(tree + "/usr/local", 0o755)
    mkdir(tree + "/usr/local/bin", 0o755)
    try writeText(probe, to: tree + "/usr/local/bin/probe")
    chmod(tree + "/usr/local/bin/probe", 0o755)
  }

  // MARK: - The steps

  private func starts(_ container: Container) async throws {
    // What install.sh does on a running system.
    #expect(try await container.inside(["systemd-sysusers", "meterd.conf"]).status == 0)
    #expect(try await container.inside(["systemd-tmpfiles", "--create", "meterd.conf"]).status == 0)
    let simulate = ["systemd-run", "--unit=sim", "meterd", "simulate", "--config", "/etc/meterd/meterd.toml"]
    #expect(try await container.inside(simulate).status == 0)
    let started = try await container.inside(["systemctl", "start", "meterd"])
    #expect(started.status == 0, "\(started.output)")
    #expect(try await container.property("ActiveState") == "active")
    #expect(try await container.property("StatusText") == "collecting 1 meter on 1 bus")
    let healthy = try await poll { try await container.inside(["meterd", "status"]).status == 0 ? true : nil }
    let shown = try await container.inside(["meterd", "status"]).output
    #expect(healthy == true, "\(shown)")
    // Healthy begins before the first answer; what follows wants readings.
    let good = try await poll { try await query(container).output.contains(",good,") ? true : nil }
    #expect(good == true)
    #expect(try await container.journal().contains("collects 1 meter on 1 bus"))
  }

  private func isConfined(_ container: Container) async throws {
    let pid = try await container.property("MainPID")
    let status = try await container.inside(["cat", "/proc/\(pid)/status"]).output.split(separator: "\n")
    func value(_ key: String) -> [Substring] {
      status.first { $0.hasPrefix(key + ":") }?.split(whereSeparator: { $0 == "\t" || $0 == " " }).dropFirst().map(
        \.self) ?? []
    }
    let user = try await container.inside(["id", "-u", "meterd"]).output.split(separator: "\n")
    let dialout = try await container.shell("getent group dialout | cut -d: -f3").output.split(separator: "\n")
    #expect(Set(value("Uid")) == Set(user))
    #expect(value("Groups").contains { dialout.contains($0) })
    #expect(value("NoNewPrivs") == ["1"])
    #expect(value("Seccomp") == ["2"])
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] { #expect(value(set) == ["0000000000000000"]) }
    let limits = try await container.inside(["cat", "/proc/\(pid)/limits"]).output
    #expect(limits.split(separator: "\n").contains { $0.hasPrefix("Max open files") && $0.contains(" 8192 ") })

    let drop = "[Service]\nExecStartPre=/usr/local/bin/probe\n"
    try await restart(container, with: drop)
    let found = try await container.inside(["cat", "/var/lib/meterd/probe"]).output
    let can = ["state", "runtime", "spool", "null", "boot-id"]
    let cannot = [
      "config", "usr", "log", "home", "mount", "namespace", "clock", "owner", "setuid", "others",
    ]
    #expect(Set(found.split(separator: "\n")) == Set(can.map { "\($0): can" } + cannot.map { "\($0): cannot" }))
    let other = try await container.inside(["cat", "/var/lib/meterd/other-device"]).output
    let serial = try await container.inside(["cat", "/var/lib/meterd/serial-device"]).output
    #expect(other.contains("Operation not permitted"), "\(other)")
    // Allowed, but not there: the driver's own answer and not the device policy's.
    #expect(!serial.isEmpty && !serial.contains("not permitted") && !serial.contains("ermission"), "\(serial)")
    try await restart(container, with: nil)
  }

  private func showsItselfToOthers(_ container: Container) async throws {
    let status = try await container.asNobody(["meterd", "status"])
    #expect(status.status == 2)
    #expect(status.output.contains("permission denied"))
    try await queryAsNobody(container)
  }

  private func query(_ container: Container) async throws -> CommandResult {
    try await container.asNobody([
      "meterd", "query", "main/frequency", "--from", "2020-01-01", "--archive", "/var/lib/meterd/archive", "--format",
      "csv",
    ])
  }

  private func queryAsNobody(_ container: Container) async throws {
    let result = try await query(container)
    #expect(result.status == 0, "\(result.output)")
    #expect(result.output.contains(",good,"))
  }

  private func reloads(_ container: Container) async throws {
    let pid = try await container.property("MainPID")
    let reloaded = try await container.inside(["systemctl", "reload", "meterd"])
    #expect(reloaded.status == 0, "\(reloaded.output)")
    let again = try await poll { try await container.journal().contains("read again; 1 meter") ? true : nil }
    #expect(again == true)
    let bad = try await container.shell(
      """
      cp /etc/meterd/meterd.toml /run/keep; echo 'nonsense = 1' >>/etc/meterd/meterd.toml
      systemctl reload meterd; code=$?
      cp /run/keep /etc/meterd/meterd.toml; exit $code
      """)
    #expect(bad.status != 0)
    #expect(try await container.journal().contains("unknown key 'nonsense'"))
    #expect(try await container.property("ActiveState") == "active")
    #expect(try await container.property("MainPID") == pid)
  }

  private func comesBack(_ container: Container) async throws {
    let pid = try await container.property("MainPID")
    #expect(try await container.inside(["systemctl", "kill", "--signal=KILL", "meterd"]).status == 0)
    try await queryAsNobody(container)
    try await isActiveAgain(container, after: pid)
    #expect(try await container.property("NRestarts") == "1")
  }

  private func comesBackFromAStandstill(_ container: Container) async throws {
    try await restart(container, with: "[Service]\nWatchdogSec=5s\n")
    let pid = try await container.property("MainPID")
    // It lives as long as it is fed …
    try await Task.sleep(for: .seconds(12))
    #expect(try await container.property("MainPID") == pid)
    // … and no longer.
    #expect(try await container.inside(["systemctl", "kill", "--signal=STOP", "meterd"]).status == 0)
    try await isActiveAgain(container, after: pid)
    #expect(try await container.journal().contains("Watchdog timeout (limit 5s)"))
    try await restart(container, with: nil)
  }

  private func stops(_ container: Container) async throws {
    let begin = ContinuousClock.now
    #expect(try await container.inside(["systemctl", "stop", "meterd"]).status == 0)
    // The promise; it takes some 30 ms.
    #expect(ContinuousClock.now - begin < .seconds(5))
    #expect(try await container.property("Result") == "success")
    #expect(try await container.property("ExecMainStatus") == "0")
    #expect(try await container.shell("test ! -e /run/meterd").status == 0)
    try await queryAsNobody(container)
  }

  private func staysDownWithABadFile(_ container: Container) async throws {
    #expect(try await container.shell("echo 'nonsense = 1' >>/etc/meterd/meterd.toml").status == 0)
    #expect(try await container.inside(["systemctl", "start", "meterd"]).status != 0)
    // Not "activating", which is what waiting for the next start looks like.
    #expect(try await container.property("ActiveState") == "failed")
    #expect(try await container.property("ExecMainStatus") == "78")
  }

  // MARK: - Helpers

  /// cpuid is a driver that meterd has no business with; ttyS31 one that it may use, and that no machine has.
  private static let devices = ["meterd-other": dev_t(203 << 8), "meterd-serial": dev_t(4 << 8 | 95)]

  private func restart(_ container: Container, with drop: String?) async throws {
    let directory = "/run/systemd/system/meterd.service.d"
    let place = drop.map {
      "mkdir -p \(directory) && printf '\($0.replacing("\n", with: "\\n"))' >\(directory)/test.conf"
    }
    let result = try await container.shell(
      "\(place ?? "rm -r \(directory)") && systemctl daemon-reload && systemctl restart meterd")
    guard result.status == 0 else { throw ServiceTestError("restart: \(result.output)") }
  }

  private func isActiveAgain(_ container: Container, after pid: String) async throws {
    let back = try await poll { () -> String? in
      let now = try await container.property("MainPID")
      let state = try await container.property("ActiveState")
      return now != "0" && now != pid && state == "active" ? now : nil
    }
    #expect(back != nil, "pid \(pid) has no successor")
  }
}
