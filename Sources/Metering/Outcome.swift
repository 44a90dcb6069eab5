/// How one request ended. "The meter refused" (`exception`) is never mixed up with "the link failed".
public enum Outcome: Hashable, Sendable {
  /// The reply was verified: transaction, unit, function, length, checksum.
  case ok
  /// Nothing, or not enough, came before the deadline.
  case timeout
  /// Serial: a frame came whose CRC does not match.
  case crc
  /// The device refused with this Modbus exception code.
  case exception(UInt8)
  /// A frame came that is no reply to the request: another unit, function, or byte count; a length that cannot be.
  case malformed
  /// No connection, or the serial device is not there.
  case linkDown
  /// The request was not sent: an earlier one of the same poll had failed, or its late reply could still come.
  case notAsked

  /// A stable number for the archive: 0…6, exceptions 256 + code.
  public var code: UInt16 {
    switch self {
    case .ok: 0
    case .timeout: 1
    case .crc: 2
    case .malformed: 3
    case .linkDown: 4
    case .notAsked: 5
    case .exception(let code): 256 + UInt16(code)
    }
  }

  public init?(code: UInt16) {
    switch code {
    case 0: self = .ok
    case 1: self = .timeout
    case 2: self = .crc
    case 3: self = .malformed
    case 4: self = .linkDown
    case 5: self = .notAsked
    case 256...511: self = .exception(UInt8(code - 256))
    default: return nil
    }
  }

  /// The flag that a reading without value carries: `timeout`, `exception-2`, …
  public var flag: String {
    switch self {
    case .ok: "ok"
    case .timeout: "timeout"
    case .crc: "crc"
    case .malformed: "malformed"
    case .linkDown: "link-down"
    case .notAsked: "skipped"
    case .exception(let code): "exception-\(code)"
    }
  }
}

/// Why slots passed without a poll.
public enum MissedReason: UInt8, Hashable, Sendable, CaseIterable {
  /// The bus was still busy with earlier work when the next slot came.
  case late = 1
  /// The archive could not take more: its window was full.
  case archive = 2
  /// The clock stepped over them.
  case clockStep = 3
  /// meterd was not running.
  case gatewayDown = 4
  /// The device had failed several times and is only tried now and then.
  case probing = 5

  public var flags: [String] {
    switch self {
    case .gatewayDown: ["gateway-down"]
    case .late: ["skipped"]
    case .probing: ["skipped", "probing"]
    case .archive: ["skipped", "archive"]
    case .clockStep: ["skipped", "clock"]
    }
  }
}
