/// What the tests look at in `meterd status --json`: read by the contract (docs/STATUS-API.md), not by the code that wrote it.
public struct StatusView: Decodable, Sendable {
  public struct Bus: Decodable, Sendable {
    public let id: String
    public let state: String
    public let skippedSlots: UInt64
    public let lastError: String?
    public let station: Station?
  }
  public struct Station: Decodable, Sendable {
    public let asdus: UInt64
    public let objects: UInt64
    public let namedObjects: UInt64
    public let repeatedObjects: UInt64
    public let malformedAsdus: UInt64
    public let testAsdus: UInt64
    public let unnamedObjects: Int
    public let waitingForArchive: Int
    public let links: [Link]
    public let interrogations: [Interrogation]
  }
  public struct Link: Decodable, Sendable {
    public let address: String
    public let state: String
    public let connections: UInt64
    public let lastClose: String?
  }
  public struct Interrogation: Decodable, Sendable {
    public let kind: String
    public let commonAddress: Int
    public let slot: String?
    public let outcome: String
    public let absent: Int
  }
  public struct Meter: Decodable, Sendable {
    public let id: String
    public let state: String
    public let lastGoodAt: String?
    public let lastError: String?
    public let readings: [Reading]?
  }
  public struct Reading: Decodable, Sendable {
    public let quantity: String
    public let seq: UInt64
    public let due: String?
    public let flags: [String]
    public let raw: String
  }
  public struct Archive: Decodable, Sendable {
    public let state: String
    public let headSeq: UInt64?
    public let uncommitted: Int
    public let lastError: String?
  }
  public struct Forward: Decodable, Sendable {
    public let id: String
    public let state: String
    public let lastFile: String?
    public let waitingFiles: Int
    public let lastError: String?
  }

  public let state: String
  public let clockTrusted: Bool
  public let reasons: [String]
  public let buses: [Bus]
  public let meters: [Meter]
  public let archive: Archive
  public let forwards: [Forward]

  public func meter(_ id: String) -> Meter? { meters.first { $0.id == id } }
  public func bus(_ id: String) -> Bus? { buses.first { $0.id == id } }
}
