import Metering

/// A meter model: `config/profiles/<name>.toml`.
public struct Profile: Hashable, Sendable {
  /// What the table of registers was checked against.
  public enum Evidence: String, Hashable, Sendable, CaseIterable {
    case manual, code, excerpt
  }

  /// The file's name without `.toml`.
  public var name: String
  public var manufacturer: String
  public var model: String
  /// `electricity`, `water`, …
  public var energy: String
  /// The most registers one request may ask for, 1 to 125.
  public var maxRegisters: Int
  public var evidence: Evidence
  /// Title, version and page, or address.
  public var source: String
  /// The day the source was read.
  public var sourceDate: CivilDate
  public var notes: String?
  /// Where the device has circuits, those of circuit 1.
  public var points: [Definition.Point]
  /// The counter that accounts are made of; one of the points.
  public var accountingQuantity: String
  /// What a quantity that needs it refers to: `volume_standard` to 0, 15 or 20 °C, `pressure` to `gauge` or `absolute`.
  public var references: [String: String]
  /// How many alike circuits the device has on one unit id, 2 to 1000; nil where it has none.
  public var circuits: Int?
  /// Addresses from one circuit to the next, but for points with a stride of their own; nil where there are no circuits.
  public var stride: Int?
  /// What no request may touch, not even in passing.
  public var forbidden: [RegisterRange]
  /// How the model is recognised, any of them suffices; empty where no source says.
  public var identify: [Identification]
  /// Of each point, in the order of `points`.
  var strides: [PointStride]

  /// The points of one circuit.
  ///
  /// - Parameter circuit: 1 to `circuits`; anything else ends the process
  public func points(circuit: Int) -> [Definition.Point] {
    precondition((1...(circuits ?? 1)).contains(circuit), "the profile \(name) has no circuit \(circuit)")
    return zip(points, strides).map { point, stride in
      var point = point
      point.register.address += UInt16((circuit - 1) * stride.register)
      point.factors = point.factors.map { factors in
        zip(factors, stride.factors).map { factor, stride in
          var factor = factor
          factor.register.address += UInt16((circuit - 1) * stride)
          return factor
        }
      }
      return point
    }
  }
}

/// Addresses from one circuit to the next; 0 where all circuits share the register.
struct PointStride: Hashable, Sendable {
  var register: Int
  var factors: [Int]
}

/// Neighbouring addresses of one table.
public struct RegisterRange: Hashable, Sendable {
  public var table: RegisterTable
  public var addresses: ClosedRange<UInt16>

  public init(table: RegisterTable, addresses: ClosedRange<UInt16>) {
    self.table = table
    self.addresses = addresses
  }
}

/// How `meterd scan` recognises a model.
public enum Identification: Hashable, Sendable {
  /// A register, of type u16 or u32, that holds exactly this number.
  case register(RegisterReference, value: UInt64)
  /// The strings of FC 43/14: `vendor` equal, `product` (nil: any) a prefix.
  case device(vendor: String, product: String?)
}
