import Accounting
import FoundationEssentials
import Metering

/// The body of a journal entry of kind `exchange`: a device was exchanged, or such a declaration was taken back.
///
/// `{"exchange":{…},"meterID":"main-incomer","recordedAt":…}`, with `"isWithdrawn":true` where it is taken back. A later one
/// with the same `at` stands in place of the one before it.
public struct ExchangeNote: Hashable, Sendable, Codable {
  public var meterID: String
  public var exchange: Exchange
  public var isWithdrawn: Bool?
  public var recordedAt: Timestamp

  public init(meterID: String, exchange: Exchange, isWithdrawn: Bool = false, recordedAt: Timestamp) {
    self.meterID = meterID
    self.exchange = exchange
    self.isWithdrawn = isWithdrawn ? true : nil
    self.recordedAt = recordedAt
  }

  public func json() throws -> [UInt8] { try NoteJSON.encode(self) }
}

/// Bodies of journal entries: keys sorted, so that the same says the same.
public enum NoteJSON {
  public static func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value))
  }

  public static func decode<T: Decodable>(_ type: T.Type, from body: [UInt8]) throws -> T {
    try JSONDecoder().decode(type, from: Data(body))
  }
}
