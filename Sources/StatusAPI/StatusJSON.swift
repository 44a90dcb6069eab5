import FoundationEssentials

/// The one way in which answers become JSON and back, for the server, the client and `meterd status --json`.
public enum StatusJSON {
  /// Compact JSON with sorted keys and a final newline.
  public static func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try [UInt8](encoder.encode(value)) + [UInt8(ascii: "\n")]
  }

  /// Unknown fields are ignored, so that an old client reads a newer daemon.
  public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
    try JSONDecoder().decode(type, from: Data(bytes))
  }
}

/// `GET /v1/meters`.
public struct MeterList: Codable, Hashable, Sendable {
  public var meters: [MeterStatus]

  public init(meters: [MeterStatus]) { self.meters = meters }
}

/// `GET /v1/deliveries`.
public struct DeliveryList: Codable, Hashable, Sendable {
  public var forwards: [ForwardStatus]

  public init(forwards: [ForwardStatus]) { self.forwards = forwards }
}

/// Body of each answer that is not a success: `{"error": "…"}`.
public struct StatusFailure: Codable, Hashable, Sendable {
  public var error: String

  public init(error: String) { self.error = error }
}
