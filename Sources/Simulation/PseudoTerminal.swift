import Glibc

/// A pty whose slave side stands in for a serial device, under a path of the user's choice.
struct PseudoTerminal: Sendable {
  /// Not blocking.
  let master: Int32
  /// Kept open, so that the line stays up (and raw) while no client has it open.
  private let slave: Int32
  private let slavePath: String
  private let link: String

  /// Opens a pty and makes `link` a symbolic link to it; missing directories are made.
  ///
  /// - Throws: where the path is below /dev, /proc or /sys, or is anything but missing or a link to a pty.
  init(link: String) throws(SimulationError) {
    try PseudoTerminal.prepare(link)
    var (master, slave): (Int32, Int32) = (-1, -1)
    var name = [CChar](repeating: 0, count: 128)
    guard openpty(&master, &slave, &name, nil, nil) == 0 else {
      throw PseudoTerminal.failure("cannot open a pty for \(link)")
    }
    let path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard fcntl(master, F_SETFD, FD_CLOEXEC) == 0, fcntl(slave, F_SETFD, FD_CLOEXEC) == 0,
      fcntl(master, F_SETFL, O_NONBLOCK) == 0, PseudoTerminal.makeRaw(slave), symlink(path, link) == 0
    else {
      let error = PseudoTerminal.failure("cannot make \(link) a link to the pty \(path)")
      Glibc.close(slave)
      Glibc.close(master)
      throw error
    }
    self.master = master
    self.slave = slave
    self.slavePath = path
    self.link = link
  }

  /// Closes both sides and removes the link, where it is still its own.
  func close() {
    if PseudoTerminal.target(of: link) == slavePath { unlink(link) }
    Glibc.close(slave)
    Glibc.close(master)
  }

  private static func makeRaw(_ descriptor: Int32) -> Bool {
    var settings = termios()
    guard tcgetattr(descriptor, &settings) == 0 else { return false }
    cfmakeraw(&settings)
    return tcsetattr(descriptor, TCSANOW, &settings) == 0
  }

  /// Makes the directories of `link` and removes an old link of a simulator; refuses whatever could be a real device.
  private static func prepare(_ link: String) throws(SimulationError) {
    let parts = link.split(separator: "/", omittingEmptySubsequences: true)
    guard let name = parts.last, name != "..", name != ".", !link.hasSuffix("/") else {
      throw SimulationError(.refused, "'\(link)' is no path for a simulated line: name a file")
    }
    var directory = link.hasPrefix("/") ? "/" : "."
    for part in parts.dropLast() {
      directory += "/\(part)"
      if mkdir(directory, 0o755) != 0, errno != EEXIST { throw failure("cannot make the directory \(directory)") }
      try refuseSystem(directory, for: link)
    }
    var status = stat()
    if lstat(link, &status) != 0 {
      if errno == ENOENT { return }
      throw failure("cannot look at \(link)")
    }
    guard let target = target(of: link), target.hasPrefix("/dev/pts/") else {
      throw SimulationError(
        .refused,
        "\(link) exists and is no link to a pty: the simulator does not replace it. Remove it, or name another device")
    }
    if unlink(link) != 0 { throw failure("cannot replace the old link \(link)") }
  }

  private static func refuseSystem(_ directory: String, for link: String) throws(SimulationError) {
    guard let resolved = realpath(directory, nil) else { throw failure("cannot resolve \(directory)") }
    defer { free(resolved) }
    let path = String(cString: resolved)
    for system in ["/dev", "/proc", "/sys"] where path == system || path.hasPrefix(system + "/") {
      throw SimulationError(
        .refused, "\(link) is below \(system), where real devices are: give the simulated bus another device path")
    }
  }

  /// What a symbolic link says; nil for anything else.
  static func target(of link: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = buffer.withUnsafeMutableBytes { bytes -> Int in
      guard let start = bytes.bindMemory(to: CChar.self).baseAddress else { return -1 }
      return readlink(link, start, bytes.count)
    }
    return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
  }

  private static func failure(_ text: String) -> SimulationError {
    SimulationError(.system, "\(text): \(String(cString: strerror(errno)))")
  }
}
