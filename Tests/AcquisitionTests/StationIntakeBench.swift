import IEC104
import IEC104Client
import Metering
import Testing

@testable import Acquisition

/// A station's intake, on a clock turned by hand: common addresses 47 (two values, one total) and 48 (one value).
struct StationIntakeBench {
  static let start = Timestamp(rfc3339: "2026-11-21T10:00:00Z")!
  static let quarter: Int64 = 900_000

  var intake: StationIntake
  var now = StationIntakeBench.start
  var isTrusted = true
  /// Taken from the effects, in order.
  private(set) var records: [Observation] = []
  var requests: [Procedures.Request] = []
  private(set) var warnings: [String] = []

  static func point(
    _ type: String, _ objectAddress: UInt32, commonAddress: UInt16 = 47, quantity: String
  ) -> Definition.StationPoint {
    .init(
      quantity: quantity, unit: "1", kind: type == "M_IT" ? .counter : .gauge, commonAddress: commonAddress,
      objectAddress: objectAddress, type: type)
  }

  static let points = [
    point("M_ME", 700, quantity: "x_a"), point("M_ME", 701, quantity: "x_b"), point("M_IT", 702, quantity: "x_c"),
    point("M_SP", 800, commonAddress: 48, quantity: "x_d"),
  ]

  static func plan(
    points: [Definition.StationPoint] = points, general: [UInt8] = [20], counter: [UInt8] = [5],
    mode: Procedures.CounterMode = .read
  ) throws -> StationPlan {
    let station = Definition.Station(
      id: "s", interrogateEveryMilliseconds: quarter, countersEveryMilliseconds: 4 * quarter)
    let definition = Definition(
      meterID: "m", bus: "", unitID: 0, everyMilliseconds: quarter, timeZone: "Asia/Shanghai", points: [],
      station: station, stationPoints: points)
    return try StationPlan(
      station,
      client: StationClientSettings(
        id: "s", endpoints: [.init(host: "127.0.0.1", port: 2404)], commonAddresses: [47, 48]),
      definitions: [definition], zone: .utc, generalQualifiers: general, counterQualifiers: counter, counterMode: mode)
  }

  init(started: Bool = true, general: [UInt8] = [20], counter: [UInt8] = [5], mode: Procedures.CounterMode = .read)
    throws
  {
    intake = StationIntake(try Self.plan(general: general, counter: counter, mode: mode))
    if started {
      up()
      records = []
    }
  }

  private var moment: StationIntake.Moment { .init(wall: now, isTrusted: isTrusted) }

  private mutating func carryOut() {
    for effect in intake.takeEffects() {
      switch effect {
      case .record(let observation): records.append(observation)
      case .request(let request): requests.append(request)
      case .warn(let words): warnings.append(words)
      }
    }
  }

  mutating func up() { happened(.up(reason: "there")) }
  mutating func down() { happened(.down(reason: "gone")) }

  mutating func happened(_ event: StationLinkEvent) {
    intake.happened(event, at: moment)
    carryOut()
  }

  /// The slot so many quarters of an hour after the start.
  mutating func due(_ kind: Interrogation.Kind = .general, slot: Int64 = 0, repeated: Bool = false) {
    intake.due(kind, slot: Self.start + slot * Self.quarter, repeated: repeated, at: moment)
    carryOut()
  }

  mutating func began(_ request: Procedures.Request) {
    intake.began(request, at: moment)
    carryOut()
  }

  mutating func ended(_ request: Procedures.Request, _ outcome: Procedures.Outcome = .complete) {
    intake.ended(request, outcome, at: moment)
    carryOut()
  }

  /// The oldest request that was not asked for yet.
  mutating func next() -> Procedures.Request? { requests.isEmpty ? nil : requests.removeFirst() }

  /// The same where there must be one.
  mutating func ask() throws -> Procedures.Request {
    let request = next()
    return try #require(request)
  }

  mutating func takeRecords() -> [String] {
    defer { records = [] }
    return records.map(Self.words)
  }

  mutating func takeWarnings() -> [String] {
    carryOut()
    defer { warnings = [] }
    return warnings
  }

  /// `general 47 q20 complete due +0 absent 701`, `up`, `down`
  static func words(_ observation: Observation) -> String {
    switch observation.content {
    case .interrogation(let it):
      let due = observation.due.map { " due +\(($0 - start) / quarter)" } ?? ""
      let absent = it.absent.map { $0.map(String.init).joined(separator: ",") } ?? "all"
      let text = "\(it.kind) \(it.commonAddress) q\(it.qualifier) \(it.outcome)\(due)"
      return text + (absent.isEmpty ? "" : " absent \(absent)")
    case .link(let isUp, _): return isUp ? "up" : "down"
    default: return "\(observation.content)"
    }
  }

  @discardableResult
  mutating func receive(_ bytes: [UInt8], link: Int = 0) -> Observation {
    bytes.withUnsafeBytes { intake.received($0, link: link, at: moment) }
  }

  /// Objects of 47, or of another common address.
  @discardableResult
  mutating func receive(
    _ type: TypeID, cause: UInt8 = 3, commonAddress: UInt16 = 47, _ objects: [StationIntakeBench.Object]
  ) -> Observation {
    receive(Self.asdu(type, cause: cause, commonAddress: commonAddress, objects))
  }

  struct Object {
    var address: UInt32
    var value: Int16
    var at: Timestamp?

    init(_ address: UInt32, _ value: Int16 = 1, at: Timestamp? = nil) {
      (self.address, self.value, self.at) = (address, value, at)
    }
  }

  /// - Parameter cause: the whole octet, T and P/N included.
  static func asdu(
    _ type: TypeID, cause: UInt8 = 3, commonAddress: UInt16 = 47, _ objects: [Object]
  ) -> [UInt8] {
    var bytes: [UInt8] = [type.rawValue, UInt8(objects.count), cause, 0]
    bytes += [UInt8(commonAddress & 0xFF), UInt8(commonAddress >> 8)]
    for object in objects {
      bytes += [UInt8(object.address & 0xFF), UInt8(object.address >> 8 & 0xFF), UInt8(object.address >> 16)]
      let value = UInt16(bitPattern: object.value)
      let octets = [UInt8(value & 0xFF), UInt8(value >> 8), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
      let size = (type.elementSize(.standard) ?? 0) - type.timeTag.size
      bytes += octets[..<size]
      if type.timeTag == .cp56 { tag(object.at ?? start).append(to: &bytes) }
      if type.timeTag == .cp24 { bytes += [0, 0, UInt8((object.at ?? start).milliseconds / 60_000 % 60)] }
    }
    return bytes
  }

  static func tag(_ time: Timestamp) -> CP56Time2a {
    let date = CivilDate(daysSinceEpoch: time.milliseconds.flooredDivision(by: 86_400_000))
    return CP56Time2a(
      year: UInt8(date.year - 2000), month: UInt8(date.month), day: UInt8(date.day),
      hour: UInt8(time.milliseconds / 3_600_000 % 24), minute: UInt8(time.milliseconds / 60_000 % 60),
      milliseconds: UInt16(time.milliseconds % 60_000))
  }
}

extension Observation {
  /// Places of objects that were sent again.
  var repeated: [UInt8] {
    if case .asdu(let asdu) = content { asdu.repeated } else { [] }
  }
}
