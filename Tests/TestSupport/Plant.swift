/// The TOML file of a test, in pieces.
public struct Plant: Sendable {
  public var site = "test"
  public var archive: String
  public var socket: String
  public var commitEvery = "100ms"
  public var buses: [String] = []
  public var meters: [String] = []
  /// Each with its `[station.tls]` and `[[station.point]]`.
  public var stations: [String] = []
  public var forwards: [String] = []

  public init(in directory: TemporaryDirectory) {
    archive = directory.file("archive")
    socket = directory.file("status.sock")
  }

  public mutating func addTCPBus(_ id: String, _ address: String, timeout: String = "5s", more: String = "") {
    buses.append("id = \"\(id)\"\ntype = \"tcp\"\naddress = \"\(address)\"\ntimeout = \"\(timeout)\"\n\(more)")
  }

  public mutating func addSerialBus(_ id: String, _ device: String, timeout: String = "2s", more: String = "") {
    buses.append(
      "id = \"\(id)\"\ntype = \"rtu\"\ndevice = \"\(device)\"\nbaud = 19200\ntimeout = \"\(timeout)\"\n\(more)")
  }

  public mutating func addMeter(_ id: String, bus: String, unit: Int, profile: String, every: String) {
    meters.append(
      "id = \"\(id)\"\nbus = \"\(bus)\"\nunit = \(unit)\nprofile = \"\(profile)\"\nevery = \"\(every)\"")
  }

  /// A meter without a profile: a counter and a gauge, apart from each other.
  public mutating func addSmallMeter(_ id: String, bus: String, unit: Int, every: String) {
    meters.append(
      """
      id = "\(id)"
      bus = "\(bus)"
      unit = \(unit)
      every = "\(every)"
      [[meter.point]]
      quantity = "energy_active_import"
      unit = "kWh"
      table = "input"
      address = 0
      type = "u32"
      scale = 0.01
      [[meter.point]]
      quantity = "power_active"
      unit = "W"
      table = "input"
      address = 2
      type = "i32"
      """)
  }

  public mutating func addSpool(_ id: String, _ directory: String, period: String, grace: String) {
    forwards.append(
      """
      id = "\(id)"
      type = "directory"
      path = "\(directory)"
      period = "\(period)"
      grace = "\(grace)"
      layout = "csv"
      content = "readings"
      compress = "none"
      """)
  }

  /// The whole file.
  public var toml: String {
    var text = """
      [site]
      id = "\(site)"
      time_zone = "Asia/Shanghai"
      profiles = ["\(Repository.profiles)"]

      [archive]
      path = "\(archive)"
      commit_every = "\(commitEvery)"

      [status]
      socket = "\(socket)"

      """
    for bus in buses { text += "\n[[bus]]\n\(bus)\n" }
    for station in stations { text += "\n[[station]]\n\(station)\n" }
    for meter in meters { text += "\n[[meter]]\n\(meter)\n" }
    for forward in forwards { text += "\n[[forward]]\n\(forward)\n" }
    return text
  }
}
