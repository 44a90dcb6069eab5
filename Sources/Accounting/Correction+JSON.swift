import Metering

/// One flat object; times in milliseconds since 1970, numbers as strings:
/// `{"action":"exclude","author":"…","from":…,"id":"…","meterID":"…","reason":"…","recordedAt":…,"to":…}`
extension Correction: Codable {
  private enum Key: String, CodingKey {
    case id, meterID, quantity, action, from, to, at, value, total, withdraws, author, reason, recordedAt
  }

  private enum Name: String, Codable {
    case exclude
    case substituteValue = "substitute-value"
    case substituteTotal = "substitute-total"
    case commissioning
    case withdraw
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    func time(_ key: Key) throws -> Timestamp { try container.decode(Timestamp.self, forKey: key) }
    func number(_ key: Key) throws -> ExactDecimal { try container.decode(ExactDecimal.self, forKey: key) }
    let action: Action =
      switch try container.decode(Name.self, forKey: .action) {
      case .exclude: .exclude(from: try time(.from), to: try time(.to))
      case .commissioning: .commissioning(from: try time(.from), to: try time(.to))
      case .substituteValue: .substituteValue(at: try time(.at), value: try number(.value))
      case .substituteTotal:
        .substituteTotal(from: try time(.from), to: try time(.to), total: try number(.total))
      case .withdraw: .withdraw(id: try container.decode(String.self, forKey: .withdraws))
      }
    self.init(
      id: try container.decode(String.self, forKey: .id), meterID: try container.decode(String.self, forKey: .meterID),
      quantity: try container.decodeIfPresent(String.self, forKey: .quantity), action: action,
      author: try container.decode(String.self, forKey: .author),
      reason: try container.decode(String.self, forKey: .reason), recordedAt: try time(.recordedAt))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    func put(_ name: Name, from: Timestamp? = nil, to: Timestamp? = nil) throws {
      try container.encode(name, forKey: .action)
      try container.encodeIfPresent(from, forKey: .from)
      try container.encodeIfPresent(to, forKey: .to)
    }
    try container.encode(id, forKey: .id)
    try container.encode(meterID, forKey: .meterID)
    try container.encodeIfPresent(quantity, forKey: .quantity)
    try container.encode(author, forKey: .author)
    try container.encode(reason, forKey: .reason)
    try container.encode(recordedAt, forKey: .recordedAt)
    switch action {
    case .exclude(let from, let to): try put(.exclude, from: from, to: to)
    case .commissioning(let from, let to): try put(.commissioning, from: from, to: to)
    case .substituteValue(let at, let value):
      try put(.substituteValue)
      try container.encode(at, forKey: .at)
      try container.encode(value, forKey: .value)
    case .substituteTotal(let from, let to, let total):
      try put(.substituteTotal, from: from, to: to)
      try container.encode(total, forKey: .total)
    case .withdraw(let other):
      try put(.withdraw)
      try container.encode(other, forKey: .withdraws)
    }
  }
}
