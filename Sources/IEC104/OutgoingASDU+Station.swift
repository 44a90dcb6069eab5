/// What a controlled station sends. There is no way here to a command.
extension OutgoingASDU {
  /// Process information (types 1…41) or the end of initialization (70).
  ///
  /// - Parameters:
  ///   - isSequence: one address for all; those of `objects` must then count up by one.
  ///   - objects: 0…127, and as many as fit `APCI.maximumASDU` octets. What the type does not have of an object is not sent.
  public static func monitor(
    type: TypeID, cause: CauseOfTransmission, commonAddress: UInt16, isSequence: Bool = false,
    objects: [InformationObject], originator: UInt8 = 0, isTest: Bool = false, format: ASDUFormat = .standard
  ) throws(ASDUFault) -> OutgoingASDU {
    guard type.isMonitor || type == .M_EI_NA_1 else { throw .typeNotAllowed(type) }
    // 1…5, 11…13, 20…41: what process information can be sent with. Never an activation.
    guard
      (1...5).contains(cause.rawValue) || (11...13).contains(cause.rawValue) || cause.isInterrogated
        || cause.isCounterInterrogated
    else { throw .causeNotAllowed(cause) }
    return try encoded(
      ASDUHeader(
        type: type, isSequence: isSequence, count: 0, cause: cause, isTest: isTest,
        originator: originator, commonAddress: commonAddress),
      objects, format: format)
  }

  /// A confirmation, termination or refusal: what came, with another cause.
  ///
  /// - Parameters:
  ///   - received: an ASDU as it came; T, originator and objects stay as they are.
  ///   - cause: confirmation (7, 9), termination (10) or a refusal (44…47).
  public static func mirror(
    _ received: UnsafeRawBufferPointer, cause: CauseOfTransmission, isNegative: Bool = false,
    format: ASDUFormat = .standard
  ) throws(ASDUFault) -> OutgoingASDU {
    let allowed: [CauseOfTransmission] = [
      .activationConfirmation, .deactivationConfirmation, .activationTermination,
    ]
    guard allowed.contains(cause) || cause.isRefusal else { throw .causeNotAllowed(cause) }
    guard received.count >= format.headerSize else {
      throw .truncatedHeader(needed: format.headerSize, got: received.count)
    }
    var bytes = Array(received)
    bytes[2] = bytes[2] & 0x80 | cause.rawValue | (isNegative ? 0x40 : 0)
    return try OutgoingASDU(bytes: bytes)
  }

  public static func mirror(
    _ received: [UInt8], cause: CauseOfTransmission, isNegative: Bool = false, format: ASDUFormat = .standard
  ) throws(ASDUFault) -> OutgoingASDU {
    let result = received.withUnsafeBytes { bytes in
      Result { () throws(ASDUFault) in
        try mirror(bytes, cause: cause, isNegative: isNegative, format: format)
      }
    }
    return try result.get()
  }
}
