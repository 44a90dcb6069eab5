/// What the archive stores: what a source said or failed to say, as it was said.
public struct Observation: Hashable, Sendable {
  /// Archive-wide, one more per observation in commit order; the archive assigns it.
  public var seq: UInt64
  /// The meter; the station, of content `asdu`, `interrogation` and `link`; empty for a record about the gateway itself.
  public var meterID: String
  /// When it was true at the meter: the arrival of the reply. Of a failed poll: the due time.
  public var time: Timestamp
  /// The slot; nil for what was not scheduled.
  public var due: Timestamp?
  /// The gateway's clock when it was recorded.
  public var received: Timestamp
  /// SHA-256 (hex) of the definition in force; empty for a record about the gateway or a station.
  public var definition: String
  public var marks: Marks
  public var content: Content

  public enum Content: Hashable, Sendable {
    /// One poll of one meter.
    case poll([Block])
    /// Slots that passed without a poll: `count` of them, the first due at `from`, the last at `to`.
    case missed(from: Timestamp, to: Timestamp, count: UInt32, reason: MissedReason)
    /// Until this record the clock of boot `bootID` was not trusted: add `offsetMilliseconds` to its times.
    case clockOffset(bootID: String, offsetMilliseconds: Int64)
    /// A spool file was cut, or delivered: text of the forwarding room, kept here so that the ledger can be rebuilt.
    case forward(String)
    /// What a station sent.
    case asdu(ReceivedASDU)
    /// How an interrogation of a station ended.
    case interrogation(Interrogation)
    /// The connection to a station began to carry data, or ceased to: then its points are not topical. `reason` in words.
    case link(isUp: Bool, reason: String)
  }

  /// Whether `meterID` is a station's.
  public var isOfStation: Bool {
    switch content {
    case .asdu, .interrogation, .link: true
    case .poll, .missed, .clockOffset, .forward: false
    }
  }

  /// What must be known about the times of an observation.
  public struct Marks: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// The gateway's clock was not trusted: its times count from `bootID`'s clock.
    public static let untrustedClock = Marks(rawValue: 1)
    /// The clock had stepped back: this slot's label had been used before.
    public static let repeatedLabel = Marks(rawValue: 2)
  }

  public init(
    seq: UInt64 = 0, meterID: String, time: Timestamp, due: Timestamp?, received: Timestamp, definition: String,
    marks: Marks = [], content: Content
  ) {
    self.seq = seq
    self.meterID = meterID
    self.time = time
    self.due = due
    self.received = received
    self.definition = definition
    self.marks = marks
    self.content = content
  }
}

/// One request of a poll and its reply.
public struct Block: Hashable, Sendable {
  public var table: RegisterTable
  public var address: UInt16
  /// Registers, or bits.
  public var count: UInt16
  public var outcome: Outcome
  /// `ok`: the data bytes of the reply, in wire order (2 × count, or count / 8 rounded up).
  /// `malformed`, `crc`: the frame as it came, at most 260 bytes. Else empty.
  public var bytes: [UInt8]

  public init(table: RegisterTable, address: UInt16, count: UInt16, outcome: Outcome, bytes: [UInt8]) {
    self.table = table
    self.address = address
    self.count = count
    self.outcome = outcome
    self.bytes = bytes
  }
}
