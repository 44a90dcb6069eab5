import IEC104
import Metering

/// What a station is asked, and how it answers (IEC 60870-5-101 clauses 7.3.4 and 7.4; IEC 60870-5-104 clause 8).
extension Outstation {
  /// Checks in the standard's order: type, cause, common address, object address. A metering station takes no process
  /// commands, no parameters and no files: their types are unknown to it.
  mutating func take(_ asdu: [UInt8], at now: Instant) {
    guard let header = try? ASDUHeader(asdu, format: format) else {
      counts.malformed += 1
      return
    }
    let causes: [CauseOfTransmission]
    switch header.type {
    case .C_IC_NA_1, .C_CI_NA_1: causes = [.activation, .deactivation]
    case .C_CS_NA_1, .C_TS_NA_1, .C_TS_TA_1: causes = [.activation]
    case .C_RD_NA_1: causes = [.request]
    default: return refuse(asdu, .unknownType)
    }
    guard causes.contains(header.cause) else { return refuse(asdu, .unknownCause) }
    var objects: [InformationObject] = []
    guard (try? ASDU.decode(asdu, format: format, into: &objects)) != nil, let object = objects.first else {
      counts.malformed += 1
      return
    }
    // The broadcast address is for these (IEC 60870-5-101 clause 7.2.4).
    let isBroadcast =
      header.commonAddress == format.broadcastAddress
      && [.C_IC_NA_1, .C_CI_NA_1, .C_CS_NA_1].contains(header.type)
    guard isBroadcast || image.commonAddresses.contains(header.commonAddress) else {
      return refuse(asdu, .unknownCommonAddress)
    }
    guard object.address == 0 || header.type == .C_RD_NA_1 else { return refuse(asdu, .unknownObjectAddress) }
    for address in isBroadcast ? image.commonAddresses : [header.commonAddress] {
      var (own, ownHeader) = (asdu, header)
      ownHeader.commonAddress = address
      let place = 2 + format.causeSize
      own[place] = UInt8(truncatingIfNeeded: address)
      if format.commonAddressSize == 2 { own[place + 1] = UInt8(address >> 8) }
      carryOut(own, ownHeader, object, at: now)
    }
  }

  private mutating func carryOut(
    _ asdu: [UInt8], _ header: ASDUHeader, _ object: InformationObject, at now: Instant
  ) {
    switch (header.type, object.value(as: header.type)) {
    case (.C_IC_NA_1, .qualifier(let qualifier)):
      guard (20...36).contains(qualifier) else { return confirm(asdu, isNegative: true) }
      interrogate(asdu, header, CauseOfTransmission(rawValue: qualifier)) {
        $0.answering(interrogation: qualifier, of: header.commonAddress)
      }
    case (.C_CI_NA_1, .qualifier(let qualifier)):
      interrogateCounters(asdu, header, request: qualifier & 0x3F, freeze: qualifier & 0xC0, at: now)
    case (.C_RD_NA_1, _): read(asdu, header, object.address, at: now)
    case (.C_CS_NA_1, _):
      guard let time = object.time.cp56, time.isPossible else { return confirm(asdu, isNegative: true) }
      counts.clockSynchronization = time
      confirm(asdu)
    // A test is said back as it came: the bit pattern of lib60870 is not the standard's.
    default: confirm(asdu)
    }
  }

  /// One interrogation of a kind and common address at a time: a second one is confirmed negatively.
  private mutating func interrogate(
    _ asdu: [UInt8], _ header: ASDUHeader, _ cause: CauseOfTransmission, _ places: (OutstationImage) -> [Int]
  ) {
    let running = jobs.firstIndex {
      $0.header.type == header.type && $0.header.commonAddress == header.commonAddress
    }
    if header.cause == .deactivation {
      if let running { jobs.remove(at: running) }
      return confirm(asdu, isNegative: running == nil)
    }
    guard running == nil else { return confirm(asdu, isNegative: true) }
    confirm(asdu)
    jobs.append(Job(request: asdu, header: header, cause: cause, rest: places(image)[...]))
  }

  /// Freezing and setting to zero is confirmed, and that is all: the totals are asked for with FRZ 0. It gets the copy
  /// where there is one.
  private mutating func interrogateCounters(
    _ asdu: [UInt8], _ header: ASDUHeader, request: UInt8, freeze: UInt8, at now: Instant
  ) {
    guard (1...5).contains(request), let freeze = OutgoingASDU.Freeze(rawValue: freeze) else {
      return confirm(asdu, isNegative: true)
    }
    let cause = request == 5 ? .requestedByGeneralCounter : CauseOfTransmission(rawValue: 37 + request)
    guard freeze != .read, header.cause == .activation else {
      return interrogate(asdu, header, cause) { $0.answering(counterRequest: request, of: header.commonAddress) }
    }
    image.carryOut(freeze, image.answering(counterRequest: request, of: header.commonAddress), at: now.wall)
    confirm(asdu)
  }

  private mutating func read(_ asdu: [UInt8], _ header: ASDUHeader, _ address: UInt32, at now: Instant) {
    var places = image.places(commonAddress: header.commonAddress, objectAddress: address)[...]
    if places.isEmpty { return refuse(asdu, .unknownObjectAddress) }
    while let answer = image.answer(&places, cause: .request, originator: header.originator, at: now.wall) {
      buffer.add(answer: answer)
    }
  }

  private mutating func confirm(_ asdu: [UInt8], isNegative: Bool = false) {
    let isDeactivation = asdu[2] & 0x3F == CauseOfTransmission.deactivation.rawValue
    mirror(asdu, isDeactivation ? .deactivationConfirmation : .activationConfirmation, isNegative: isNegative)
  }

  private mutating func refuse(_ asdu: [UInt8], _ cause: CauseOfTransmission) {
    counts.refusals += 1
    mirror(asdu, cause, isNegative: true)
  }

  private mutating func mirror(_ asdu: [UInt8], _ cause: CauseOfTransmission, isNegative: Bool) {
    if let answer = try? OutgoingASDU.mirror(asdu, cause: cause, isNegative: isNegative, format: format) {
      buffer.add(answer: answer)
    }
  }
}
