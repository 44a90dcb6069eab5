extension InformationObject {
  /// - Parameter type: that of the ASDU which the object came with.
  public func value(as type: TypeID) -> ObjectValue {
    let octet = UInt8(truncatingIfNeeded: bits)
    let word = UInt16(truncatingIfNeeded: bits)
    switch type.rawValue {
    case 1, 2, 30: return .single(octet & 1 > 0)
    case 3, 4, 31: return .double(octet & 0x03)
    case 5, 6, 32:
      // Seven bits with a sign.
      let position = Int(Int8(bitPattern: octet << 1) >> 1)
      return .step(position, isTransient: detail & StepPositionElement.transient > 0)
    case 7, 8, 33, 51, 64: return .bitstring(bits)
    case 9, 10, 21, 34, 48, 61, 110: return .normalized(Int16(bitPattern: word))
    case 11, 12, 35, 49, 62, 111: return .scaled(Int16(bitPattern: word))
    case 13, 14, 36, 50, 63, 112: return .float(Float(bitPattern: bits))
    case 15, 16, 37, 41:
      return .counter(
        Int32(bitPattern: bits), sequence: detail & IntegratedTotalElement.sequence,
        carry: detail & IntegratedTotalElement.carry > 0, adjusted: detail & IntegratedTotalElement.adjusted > 0)
    case 17, 38: return .protectionEvent(octet & 0x03)
    case 18, 39: return .startEvents(octet & 0x3F)
    case 19, 40: return .outputCircuit(octet & 0x0F)
    case 20: return .statusAndChange(status: word, change: UInt16(bits >> 16))
    case 45...47, 58...60: return .command(octet & 0x03)
    case 70: return .initialization(octet)
    case 100, 101, 105, 113: return .qualifier(octet)
    case 102, 103: return .nothing
    case 104, 106, 107: return .word(word)
    default: return .octets(place: Int(bits), count: Int(duration))
    }
  }

  /// An object to be sent: which type it fits is the caller's to know.
  public init(
    address: UInt32, value: ObjectValue, quality: ObjectQuality = [], time: TimeTag = .none, duration: UInt16 = 0,
    detail: UInt8 = 0
  ) {
    self.init(address: address, bits: 0, quality: quality, time: time, duration: duration, detail: detail)
    switch value {
    case .single(let isOn): bits = isOn ? 1 : 0
    case .step(let position, let isTransient):
      bits = UInt32(truncatingIfNeeded: position) & 0x7F
      self.detail = isTransient ? StepPositionElement.transient : 0
    case .bitstring(let string): bits = string
    case .normalized(let word), .scaled(let word): bits = UInt32(UInt16(bitPattern: word))
    case .float(let number): bits = number.bitPattern
    case .counter(let reading, let sequence, let carry, let adjusted):
      bits = UInt32(bitPattern: reading)
      self.detail =
        sequence & IntegratedTotalElement.sequence | (carry ? IntegratedTotalElement.carry : 0)
        | (adjusted ? IntegratedTotalElement.adjusted : 0)
    case .statusAndChange(let status, let change): bits = UInt32(status) | UInt32(change) << 16
    case .double(let octet), .protectionEvent(let octet), .startEvents(let octet), .outputCircuit(let octet),
      .initialization(let octet), .command(let octet), .qualifier(let octet):
      bits = UInt32(octet)
    case .word(let word): bits = UInt32(word)
    case .nothing: break
    case .octets(let place, let count):
      bits = UInt32(truncatingIfNeeded: place)
      self.duration = UInt16(truncatingIfNeeded: count)
    }
  }
}
