import FoundationEssentials
import Metering

/// What the archive keeps beside observations: how they are read, and what people said of them. Numbered by itself,
/// append-only, sealed with the day on which it was recorded. The bytes stand in `docs/ARCHIVE-FORMAT.md`.
public struct JournalEntry: Hashable, Sendable {
  public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
    /// The canonical JSON of a definition; it is addressed by the SHA-256 of these bytes.
    case definition = 100
    /// From when on a definition holds: `UseRecord`.
    case use = 101
    /// A meter was exchanged; JSON of the caller's.
    case exchange = 102
    /// Readings are excluded, replaced, or taken in commissioning; JSON of the caller's.
    case correction = 103
  }

  public var number: UInt64
  public var kind: Kind
  public var recordedAt: Timestamp
  public var body: [UInt8]

  public init(number: UInt64 = 0, kind: Kind, recordedAt: Timestamp, body: [UInt8]) {
    self.number = number
    self.kind = kind
    self.recordedAt = recordedAt
    self.body = body
  }

  var checksum: UInt32 {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: number)
    bytes.append(kind.rawValue)
    bytes.append(littleEndian: UInt64(bitPattern: recordedAt.milliseconds))
    return CRC32C.checksum(bytes + body)
  }
}

/// The body of an entry of kind `use`.
struct UseRecord: Codable, Hashable {
  var meterID: String
  /// SHA-256; empty where the meter was taken out of service.
  var definition: String
  var validFrom: Timestamp
  var recordedAt: Timestamp
  var change: Definition.Change?

  init(_ meterID: String, _ use: CatalogContents.Use) {
    self.meterID = meterID
    definition = use.definition
    validFrom = use.validFrom
    recordedAt = use.recordedAt
    change = use.change
  }

  var use: CatalogContents.Use {
    .init(definition: definition, validFrom: validFrom, recordedAt: recordedAt, change: change)
  }

  func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(self))
  }
}
