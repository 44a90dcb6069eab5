@testable import IEC104

/// Procedures with a station that is played by hand, and a clock that is set by hand.
struct ProceduresBench {
  var procedures: Procedures
  var now: UInt64 = milliseconds(1_000)

  static let timeout: UInt64 = 60_000

  init(
    _ startup: [Procedures.Kind] = [], addresses: [UInt16] = [1], format: ASDUFormat = .standard,
    isStarted: Bool = true
  ) {
    procedures = Procedures(
      .init(
        commonAddresses: addresses, startup: startup, format: format,
        inactivityMilliseconds: Int(ProceduresBench.timeout)))
    if isStarted { procedures.linkStarted(at: now) }
  }

  mutating func take() -> [Procedures.Action] { procedures.takeActions() }

  mutating func request(_ kind: Procedures.Kind, _ address: UInt16 = 1, id: UInt64 = 7) {
    procedures.request(Procedures.Request(kind: kind, commonAddress: address, id: id), at: now)
  }

  /// The station says: type, cause (with P/N 0x40 and T 0x80), its address, and the octets of the first object.
  mutating func station(
    _ type: UInt8, _ cause: UInt8, _ address: UInt16 = 1, objectAddress: UInt32 = 0, element: [UInt8] = [],
    vsq: UInt8 = 1
  ) {
    let format = procedures.parameters.format
    var bytes = [type, vsq, cause]
    if format.causeSize == 2 { bytes.append(0) }
    bytes.append(UInt8(truncatingIfNeeded: address))
    if format.commonAddressSize == 2 { bytes.append(UInt8(address >> 8)) }
    for place in 0..<format.objectAddressSize { bytes.append(UInt8(truncatingIfNeeded: objectAddress >> (8 * place))) }
    receive(bytes + element)
  }

  mutating func receive(_ bytes: [UInt8]) {
    let format = procedures.parameters.format
    guard let header = try? ASDUHeader(bytes, format: format) else { return }
    bytes.withUnsafeBytes {
      procedures.received(header, objects: UnsafeRawBufferPointer(rebasing: $0[format.headerSize...]), at: now)
    }
  }

  mutating func pass(_ count: UInt64) {
    now += milliseconds(count)
    procedures.tick(at: now)
  }
}

/// What a station says, one at a time.
enum StationStep: Sendable {
  /// Confirmation, termination or refusal: type, cause, qualifier.
  case says(UInt8, UInt8, UInt8)
  /// A measured value with this cause.
  case value(cause: UInt8)
  /// Integrated totals with this cause.
  case totals(cause: UInt8)
  case pass(UInt64)
  case linkLost
  case linkStarted

  func carryOut(_ bench: inout ProceduresBench) {
    switch self {
    case .says(let type, let cause, let qualifier): bench.station(type, cause, element: [qualifier])
    case .value(let cause): bench.station(13, cause, objectAddress: 0x4001, element: [0, 0, 0x80, 0x3F, 0])
    case .totals(let cause): bench.station(15, cause, objectAddress: 0x6401, element: [1, 0, 0, 0, 0])
    case .pass(let count): bench.pass(count)
    case .linkLost: bench.procedures.linkLost(at: bench.now)
    case .linkStarted: bench.procedures.linkStarted(at: bench.now)
    }
  }
}

/// What was asked for, in words short enough for a table: "began", "C_IC 20", "ended complete".
func words(_ actions: [Procedures.Action]) -> [String] {
  actions.map { action in
    switch action {
    case .send(let asdu): "\(TypeID(rawValue: asdu.bytes[0]))".prefix(4) + " " + hex(asdu.bytes.last ?? 0)
    case .sendClock: "C_CS"
    case .sendTest(let counter, _): "C_TS \(counter)"
    case .began(let request): "began \(words(request.kind))"
    case .ended(let request, let outcome): "ended \(words(request.kind)): \(words(outcome))"
    case .endOfInitialization(let address): "initialized \(address)"
    }
  }
}

private func words(_ kind: Procedures.Kind) -> String {
  switch kind {
  case .general(let qualifier): "general \(qualifier)"
  case .counter(let mode, let qualifier): "\(mode) \(qualifier)"
  case .read(let address): "object \(address)"
  case .clockSynchronization: "clock"
  case .test: "test"
  }
}

private func words(_ outcome: Procedures.Outcome) -> String {
  switch outcome {
  case .complete: "complete"
  case .freezeUnconfirmed: "freeze unconfirmed"
  case .refused(let cause, let isNegative): "refused \(cause.rawValue)\(isNegative ? " negative" : "")"
  case .timedOut(let awaited): "without \(awaited)"
  case .linkLost: "link lost"
  case .alreadyRunning: "already running"
  case .notSent(let why): "not sent: \(why)"
  }
}
