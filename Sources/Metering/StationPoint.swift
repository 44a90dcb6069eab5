extension Definition {
  /// How what an IEC 60870-5-104 station sends is read.
  public struct Station: Hashable, Sendable, Codable {
    public var id: String
    /// Octets of the cause of transmission (1 or 2), the common address (1 or 2) and the information object address
    /// (1 to 3).
    public var causeSize: Int
    public var commonAddressSize: Int
    public var objectAddressSize: Int
    /// Octets of one information element of private types (128–255), which are not read otherwise.
    public var privateTypes: [PrivateType]?
    /// Of its time tags: `UTC`, an offset (`+08:00`), or an IANA name.
    public var timeZone: String
    /// Whether the SU bit of its time tags counts; else the zone's rules alone.
    public var honoursSummerTime: Bool
    /// What is not a counter is due once in this time.
    public var interrogateEveryMilliseconds: Int64
    /// Counters (`M_IT_…`) are due once in this time.
    public var countersEveryMilliseconds: Int64

    public init(
      id: String, causeSize: Int = 2, commonAddressSize: Int = 2, objectAddressSize: Int = 3,
      privateTypes: [PrivateType]? = nil, timeZone: String = "UTC", honoursSummerTime: Bool = true,
      interrogateEveryMilliseconds: Int64, countersEveryMilliseconds: Int64
    ) {
      self.id = id
      self.causeSize = causeSize
      self.commonAddressSize = commonAddressSize
      self.objectAddressSize = objectAddressSize
      self.privateTypes = privateTypes
      self.timeZone = timeZone
      self.honoursSummerTime = honoursSummerTime
      self.interrogateEveryMilliseconds = interrogateEveryMilliseconds
      self.countersEveryMilliseconds = countersEveryMilliseconds
    }
  }

  public struct PrivateType: Hashable, Sendable, Codable {
    /// 128 to 255
    public var type: UInt8
    public var elementSize: Int

    public init(type: UInt8, elementSize: Int) {
      self.type = type
      self.elementSize = elementSize
    }
  }

  /// One series of a meter that hangs on a station.
  public struct StationPoint: Hashable, Sendable, Codable {
    /// A name of the vocabulary, or `x_…`.
    public var quantity: String
    /// The station's own unit; `pulse` with `perPulse`.
    public var unit: String
    public var kind: Quantity.Kind
    public var commonAddress: UInt16
    public var objectAddress: UInt32
    /// A family (`M_IT`: any M_IT_…) or one type (`M_ME_TF_1`).
    public var type: String
    /// Number × scale = value in `unit`.
    public var scale: ExactDecimal
    /// Added after the scale, in `unit`.
    public var offset: ExactDecimal?
    /// Which side of the instrument transformers the station reports; nil where there are none.
    public var side: Side?
    /// The worth of a pulse, in `pulseUnit`, where `unit` is `pulse`.
    public var perPulse: ExactDecimal?
    public var pulseUnit: String?
    /// Where a counter wraps, in `unit`.
    public var modulus: ExactDecimal?

    public init(
      quantity: String, unit: String, kind: Quantity.Kind, commonAddress: UInt16, objectAddress: UInt32, type: String,
      scale: ExactDecimal = .one, offset: ExactDecimal? = nil, side: Side? = nil, perPulse: ExactDecimal? = nil,
      pulseUnit: String? = nil, modulus: ExactDecimal? = nil
    ) {
      self.quantity = quantity
      self.unit = unit
      self.kind = kind
      self.commonAddress = commonAddress
      self.objectAddress = objectAddress
      self.type = type
      self.scale = scale
      self.offset = offset
      self.side = side
      self.perPulse = perPulse
      self.pulseUnit = pulseUnit
      self.modulus = modulus
    }

    /// Whether it comes with counter interrogations.
    public var isIntegratedTotal: Bool { type == "M_IT" || type.hasPrefix("M_IT_") }
  }
}
