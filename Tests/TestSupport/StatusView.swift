/// What the tests look at in `meterd status --json`: read by the contract (docs/STATUS-API.md), not by the code that wrote it.
public struct StatusView: Decodable, Sendable {
  public struct Bus: Decodable, Sendable {
    public let id: String
    public let skippedSlots: UInt64
    public let lastError: String?
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
