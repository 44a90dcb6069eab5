import Metering
import Modbus
import ModbusProtocol

/// Looks for units on a bus: asks each for one register and takes any answer, a refusal as well, for its being there; then
/// asks who it is, and which known models it reads like. One question at a time; only functions 3, 4 and 43 are sent.
public struct Scan {
  private let plan: ScanPlan
  private let ask: (Ask) async -> Answer
  private let sleep: (UInt64) async -> Void
  private let tell: (ScanEvent) -> Void
  private var report = ScanReport()
  /// Links that failed one after the other.
  private var linkFailures = 0

  /// Why a scan ends before its end.
  enum Ending: Error {
    case stopped
    case link(String)
  }

  /// - Parameters:
  ///   - ask: one question to the bus, which keeps the silence between two.
  ///   - sleep: for so many nanoseconds, or until the scan is to stop.
  init(
    _ plan: ScanPlan, ask: @escaping (Ask) async -> Answer, sleep: @escaping (UInt64) async -> Void,
    tell: @escaping (ScanEvent) -> Void
  ) {
    self.plan = plan
    self.ask = ask
    self.sleep = sleep
    self.tell = tell
  }

  /// Scans a bus. `ModbusBus.stop` ends it at once; what was found until then is in the report.
  public static func run(_ plan: ScanPlan, on bus: ModbusBus, tell: @escaping (ScanEvent) -> Void) async -> ScanReport {
    var scan = Scan(
      plan, ask: { await bus.ask([$0])[0] }, sleep: { try? await Task.sleep(nanoseconds: $0) }, tell: tell)
    return await scan.run()
  }

  mutating func run() async -> ScanReport {
    do throws(Ending) {
      try await findUnits()
      try await recogniseUnits()
    } catch {
      report.isComplete = false
      if case .link(let why) = error { report.failure = why }
    }
    return report
  }

  // MARK: - Who is there

  private mutating func findUnits() async throws(Ending) {
    for (index, format) in plan.formats.enumerated() {
      tell(.round(format: format, number: index + 1, of: plan.formats.count))
      for (place, unitID) in plan.units.enumerated() where !report.units.contains(where: { $0.unitID == unitID }) {
        tell(.asking(unitID: unitID, number: place + 1, of: plan.units.count))
        let own = index == 0 ? plan.formatOfUnit[unitID] : nil
        if let unit = try await find(unitID, own ?? format) { add(unit) }
      }
      if !report.units.isEmpty, !plan.triesEveryFormat { break }
    }
    mergeIfAllAreOne()
  }

  private mutating func add(_ unit: FoundUnit) {
    if report.units.contains(where: { $0.unitID == unit.unitID }) { return }
    report.units.append(unit)
    tell(.found(unit))
  }

  private mutating func note(_ text: String) {
    report.notes.append(text)
    tell(.note(text))
  }

  /// Nil where nobody answers.
  private mutating func find(_ unitID: UInt8, _ format: SerialFormat?) async throws(Ending) -> FoundUnit? {
    let first = try await probe(unitID, format, .readHoldingRegisters, plan.timeoutMilliseconds)
    switch first.result {
    case .data: return found(unitID, format, first)
    case .exception(let code):
      // The converter speaks for a device that is not there (MODBUS Application Protocol V1.1b3, clause 7).
      if code == 10 || code == 11 { return nil }
      return found(unitID, format, first, exception: code)
    case .failed(.malformed(let frame)) where format == nil && frame.count > 6:
      return found(unitID, format, first, answersAs: frame[6] == unitID ? nil : frame[6])
    case .failed(.malformed(let bytes)), .failed(.crc(let bytes)):
      return try await lookAgain(unitID, format, bytes)
    case .failed:
      guard plan.asksTwice else { return nil }
      let second = try await probe(unitID, format, .readInputRegisters, plan.timeoutMilliseconds)
      switch second.result {
      case .data: return found(unitID, format, second)
      case .exception(let code) where code != 10 && code != 11:
        return found(unitID, format, second, exception: code)
      default: return nil
      }
    }
  }

  private func found(
    _ unitID: UInt8, _ format: SerialFormat?, _ answer: Answer, exception: UInt8? = nil, answersAs: UInt8? = nil
  ) -> FoundUnit {
    FoundUnit(
      unitID: unitID, format: format, exception: exception, answersAs: answersAs,
      latencyNanoseconds: answer.nanoseconds)
  }

  /// Bytes came that are no answer to the question: of a unit asked before that is slower than the timeout, of two units
  /// with one id at once, or noise.
  private mutating func lookAgain(
    _ unitID: UInt8, _ format: SerialFormat?, _ bytes: [UInt8]
  ) async throws(Ending) -> FoundUnit? {
    let speaker = bytes.first.flatMap { plan.units.contains($0) && CRC16.isValid(bytes[...]) ? $0 : nil }
    if let speaker, speaker != unitID {
      let late = try await probe(speaker, format, .readHoldingRegisters, plan.patientTimeoutMilliseconds)
      if let unit = answered(speaker, format, late) {
        add(unit)
        note(
          "unit \(speaker) took longer than \(plan.timeoutMilliseconds) ms; give --timeout more to be sure of others")
      }
    }
    let again = try await probe(unitID, format, .readHoldingRegisters, plan.patientTimeoutMilliseconds)
    if let unit = answered(unitID, format, again) { return unit }
    switch again.result {
    case .failed(.crc), .failed(.malformed):
      note(
        "unit \(unitID): something answers, but with wrong bytes: two devices with this id, another baud or parity "
          + "(--sweep), or a bad line")
    default: break
    }
    return nil
  }

  private func answered(_ unitID: UInt8, _ format: SerialFormat?, _ answer: Answer) -> FoundUnit? {
    switch answer.result {
    case .data: found(unitID, format, answer)
    case .exception(let code): found(unitID, format, answer, exception: code)
    case .failed: nil
    }
  }

  /// One device that does not look at the unit id answers for all of them.
  private mutating func mergeIfAllAreOne() {
    guard plan.units.count >= 32, report.units.count == plan.units.count, let first = report.units.first else { return }
    report.units = [first]
    report.isOneDevice = true
    note(
      "every unit id answers: this is one device that does not look at it (on TCP: any_unit = true where it answers "
        + "with another unit than asked)")
  }

  // MARK: - Who it is

  private mutating func recogniseUnits() async throws(Ending) {
    for index in report.units.indices {
      let unit = report.units[index]
      tell(.recognising(unitID: unit.unitID, number: index + 1, of: report.units.count))
      report.units[index].identification = try await identification(of: unit)
      if plan.candidates.isEmpty { continue }
      var recognition = Recognition(plan.candidates, identification: report.units[index].identification)
      while let request = recognition.next() {
        let answer = try await put(.read(request), to: device(unit))
        recognition.take(answer.result, for: request)
      }
      report.units[index].guesses = Array(recognition.guesses.prefix(3))
      report.units[index].furtherGuesses = recognition.equalsBeyond(3)
    }
  }

  /// Every page that it offers, sixteen at most: a device that goes round in circles must come to an end.
  private mutating func identification(of unit: FoundUnit) async throws(Ending) -> [UInt8: String] {
    var objects: [UInt8: String] = [:]
    var category: UInt8 = 1
    var objectID: UInt8 = 0
    for _ in 0..<16 {
      let request = DeviceIdentification.Request(category: category, objectID: objectID)
      guard case .data(let data) = try await put(.identify(request), to: device(unit)).result,
        let page = DeviceIdentification.Page(data: data)
      else { break }
      objects.merge(page.objects) { known, _ in known }
      if let next = page.nextObjectID {
        objectID = next
      } else if category == 1, data[1] & 0x7F >= 2 {
        (category, objectID) = (2, 0)  // It has the regular objects as well.
      } else {
        break
      }
    }
    return objects
  }

  private func device(_ unit: FoundUnit) -> Device {
    Device(unitID: unit.unitID, timeoutMilliseconds: plan.patientTimeoutMilliseconds, format: unit.format)
  }

  // MARK: - Asking

  private mutating func probe(
    _ unitID: UInt8, _ format: SerialFormat?, _ function: ReadFunction, _ timeout: Int64
  ) async throws(Ending) -> Answer {
    guard let request = ReadRequest(function: function, address: 0, count: 1) else { throw .stopped }
    return try await put(.read(request), to: Device(unitID: unitID, timeoutMilliseconds: timeout, format: format))
  }

  /// Waits out what must be waited for; a link that fails three times in a row is the end.
  private mutating func put(_ query: Query, to device: Device) async throws(Ending) -> Answer {
    while true {
      if Task.isCancelled { throw .stopped }
      let answer = await ask(Ask(query, of: device))
      switch answer.result {
      case .failed(.stopped): throw .stopped
      case .failed(.held(let nanoseconds)): await sleep(nanoseconds + 1_000_000)
      case .failed(.link(let why)):
        linkFailures += 1
        if linkFailures >= 3 || report.units.isEmpty && linkFailures >= 2 { throw .link(why) }
        await sleep(1_200_000_000)  // A link is not tried again within a second.
      default:
        linkFailures = 0
        return answer
      }
    }
  }
}
