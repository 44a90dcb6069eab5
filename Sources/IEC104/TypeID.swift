/// The type identification of an ASDU: what its objects are (IEC 60870-5-101 clause 7.2.1, IEC 60870-5-104 clause 6).
public struct TypeID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: UInt8

  @inline(__always)
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// - Parameter name: as in the standard: "M_ME_TF_1".
  public init?(name: String) {
    guard let known = TypeID.all.first(where: { $0.name == name }) else { return nil }
    self = known.type
  }

  /// The standard's name; "type 137" where it has none.
  public var description: String { TypeID.all.first { $0.type == self }?.name ?? "type \(rawValue)" }

  /// Whether this is the type of that name, or one of that family: "M_IT" are the integrated totals with either time tag and
  /// without, "M_ME" every measured value.
  public func isFamily(_ name: String) -> Bool {
    let own = description
    return own == name || own.hasPrefix(name + "_")
  }

  /// Process information in monitor direction: what a reading can be made of.
  public var isMonitor: Bool { (1...21).contains(rawValue) || (30...41).contains(rawValue) }

  /// Commands to the process. Nothing public in this module makes one.
  public var isProcessCommand: Bool { (45...51).contains(rawValue) || (58...64).contains(rawValue) }

  /// System information: the end of initialization, and what a controlling station asks (100…107).
  public var isSystem: Bool { rawValue == 70 || (100...107).contains(rawValue) }

  /// The manufacturer's own.
  public var isPrivate: Bool { rawValue >= 128 }
}
