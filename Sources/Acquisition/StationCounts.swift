import Decoding
import IEC104
import Metering

/// The connection that carries a station's data.
enum StationLinkEvent: Sendable {
  case up(reason: String)
  /// Nothing carries data any more.
  case down(reason: String)
  /// Another one of the redundancy group took over, without a gap.
  case switched(reason: String)
}

/// What came from a station since the start of the daemon.
public struct StationCounts: Sendable, Hashable {
  public var asdus: UInt64 = 0
  public var objects: UInt64 = 0
  /// Of those, the ones that a point takes.
  public var namedObjects: UInt64 = 0
  /// Received again after a lost connection.
  public var repeatedObjects: UInt64 = 0
  /// ASDUs that could not be read.
  public var malformed: UInt64 = 0
  /// ASDUs with octets behind their last object.
  public var trailingOctets: UInt64 = 0
  /// ASDUs with the test bit.
  public var testASDUs: UInt64 = 0
  /// Connections that were closed because the other side broke a rule of the protocol.
  public var brokenRules: UInt64 = 0
  /// Procedures that ended: completely, without an answer in time, refused.
  public var requests: UInt64 = 0
  public var complete: UInt64 = 0
  public var timeouts: UInt64 = 0
  public var refusals: UInt64 = 0
  /// Slots whose interrogation was late, or could not be sent.
  public var skippedSlots: UInt64 = 0
  /// The last one of each kind and common address: `general 47`.
  public var interrogations: [String: Last] = [:]
  public var lastError: String?
  public var lastErrorAt: Timestamp?

  public struct Last: Sendable, Hashable {
    public var kind: Interrogation.Kind
    public var commonAddress: UInt16
    /// Nil: at the start of a connection.
    public var slot: Timestamp?
    public var endedAt: Timestamp
    public var outcome: Interrogation.Outcome
    /// Wanted objects that did not come.
    public var absent: Int
  }

  public init() {}
}

/// Objects that a station sends and no point takes. Bounded.
public struct ObjectList: Sendable {
  public struct Item: Sendable {
    public var type: TypeID
    public var count: UInt64
    public var last: InformationObject
    public var lastAt: Timestamp
  }

  static let capacity = 2_000

  public private(set) var items: [StationDecoder.ObjectPlace: Item] = [:]
  /// Objects beyond those that are listed.
  public private(set) var unlisted: UInt64 = 0

  public init() {}

  mutating func note(
    _ object: InformationObject, _ place: StationDecoder.ObjectPlace, _ header: ASDUHeader, at now: Timestamp
  ) {
    if items[place] == nil, items.count >= ObjectList.capacity {
      unlisted += 1
      return
    }
    items[place, default: Item(type: header.type, count: 0, last: object, lastAt: now)].take(object, header.type, now)
  }
}

extension ObjectList.Item {
  fileprivate mutating func take(_ object: InformationObject, _ type: TypeID, _ now: Timestamp) {
    self.type = type
    count += 1
    last = object
    lastAt = now
  }
}
