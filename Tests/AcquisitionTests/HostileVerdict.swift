import Metering

extension HostileRun {
  /// Whether the device was held up so long that the bus may have lost patience with a good answer.
  var isDisturbed: Bool { log.events.contains { !$0.isPrompt } }

  private func blocks(of meterID: String) -> [Block] {
    (observations[meterID] ?? []).flatMap { observation -> [Block] in
      if case .poll(let blocks) = observation.content { blocks } else { [] }
    }
  }

  /// What no slow machine excuses: a value in the archive that its own request was not answered with.
  var wrongReadings: [String] {
    var findings: [String] = []
    for (unitID, meters) in [
      (HostileDevice.illUnit, HostileRun.illMeters), (HostileDevice.wellUnit, [HostileRun.wellMeter]),
    ] {
      var used: Set<Int> = []
      for block in meters.flatMap({ blocks(of: $0) }) where block.outcome == .ok {
        guard let event = answered(block, unitID) else {
          findings.append(
            "wrong reading: unit \(unitID) \(block.table) \(block.address)×\(block.count): \(block.bytes)")
          continue
        }
        if !used.insert(event.request.number).inserted {
          findings.append("request \(event.request.number) to unit \(unitID) was answered once and stands there twice")
        }
      }
    }
    return findings
  }

  /// The request whose right reply, sent at once, these bytes are.
  private func answered(_ block: Block, _ unitID: UInt8) -> HostileDevice.Event? {
    log.events.first { event in
      let request = event.request
      return event.isRight && request.unitID == unitID && request.address == Int(block.address)
        && request.count == Int(block.count) && request.function == (block.table == .holding ? 3 : 4)
        && Array(request.replyPDU()[2...]) == block.bytes
    }
  }

  /// What counts and times say; on a machine that held the device up they say nothing.
  var findings: [String] {
    guard isOver else {
      let asked = log.events.count { $0.isIll }
      return [
        "after \(HostileRun.limit) only \(asked) of \(script.ill.count) requests of the script had come, or no answers"
      ]
    }
    return outcomeFindings + wellFindings + HostileRun.illMeters.flatMap { resumptionFindings($0) }
      + (script.ill.values.contains { $0.late != nil } && log.lateSent == 0 ? ["no late answer was ever sent"] : [])
  }

  /// The ill unit's failures end as the case says.
  private var outcomeFindings: [String] {
    let flags = HostileRun.illMeters.flatMap { blocks(of: $0) }.map(\.outcome).filter { $0 != .notAsked }.map(\.flag)
    let failures = flags.filter { $0 != "ok" }
    var findings = Set(failures).subtracting(script.expected).sorted().map { "the ill unit has \($0)" }
    if failures.isEmpty, !script.expected.contains("ok") { findings.append("the ill unit has no failure at all") }
    return findings
  }

  private var wellFindings: [String] {
    let failures = blocks(of: HostileRun.wellMeter).map(\.outcome).filter { $0 != .ok && $0 != .notAsked }
    let missed = (observations[HostileRun.wellMeter] ?? []).filter { observation in
      if case .missed = observation.content { !HostileRun.isLate(observation) } else { false }
    }
    var findings: [String] = []
    if !failures.isEmpty { findings.append("the well unit has \(failures.map(\.flag))") }
    if !missed.isEmpty { findings.append("the well unit missed slots: \(missed.map(\.content))") }
    return findings
  }

  /// After the last bad byte a cycle is whole again within two slots.
  private func resumptionFindings(_ meterID: String) -> [String] {
    let after = (observations[meterID] ?? []).filter { observation in
      observation.due.map { $0.milliseconds > log.lastIllAt } == true && !HostileRun.isLate(observation)
    }
    let first = after.firstIndex { observation in
      guard case .poll(let blocks) = observation.content else { return false }
      return blocks.allSatisfy { $0.outcome == .ok }
    }
    if let first, first < 2 { return [] }
    let contents = after.prefix(4).map { observation -> String in
      guard case .poll(let blocks) = observation.content else { return "\(observation.content)" }
      return blocks.map(\.outcome.flag).joined(separator: "+")
    }
    return ["\(meterID) was not back within two slots: \(contents)"]
  }
}
