/// Which octets of a payload are columns, and what the others are.
public struct Shape: Hashable, Sendable {
  /// How a column's octets are a number. Its bits come back whatever this says; it decides on compression and aggregates.
  public enum Number: Hashable, Sendable {
    case unsigned
    /// Two's complement.
    case signed
    /// IEEE 754 binary32 or binary64: 4 or 8 octets.
    case float
  }

  /// Which aggregates by UTC quarter of an hour are kept of a column.
  public enum Quarters: Hashable, Sendable {
    case none
    /// First and last number, and how often it went back.
    case counter
    /// Least, greatest, sum. Not kept of integers of more than 6 octets: the sum might not fit.
    case gauge
  }

  public struct Column: Hashable, Sendable {
    /// 1 to 64 octets of printable ASCII without `:`, `=` and `%`, unique in its shape; not one of `reservedNames`.
    public var name: String
    /// In the payload.
    public var offset: Int
    /// Octets, 1 to 8.
    public var width: Int
    /// Places of the number's octets from `offset` on, most significant first; empty: as they come.
    public var order: [UInt8]
    public var number: Number
    public var quarters: Quarters

    public init(
      name: String, offset: Int, width: Int, order: [UInt8] = [], number: Number = .unsigned,
      quarters: Quarters = .none
    ) {
      self.name = name
      self.offset = offset
      self.width = width
      self.order = order
      self.number = number
      self.quarters = quarters
    }
  }

  /// The payload, with zeros where columns are.
  public var fixed: [UInt8]
  /// Ascending by offset; they do not overlap.
  public var columns: [Column]

  public init(fixed: [UInt8], columns: [Column]) {
    self.fixed = fixed
    self.columns = columns
  }

  public static let reservedNames: Set<String> = ["shape", "due", "time", "received", "seq", "rows", "quarter"]
}

extension Shape {
  /// Why it cannot be used; nil where it can.
  var problem: String? {
    if fixed.count > Limits.shapedPayload { return "\(fixed.count) octets are too many for a shape" }
    var names: Set<String> = []
    var end = 0
    for column in columns {
      if let problem = column.problem { return "column \(names.count): \(problem)" }
      guard column.offset >= end, column.offset <= fixed.count - column.width else {
        return "column \(names.count) overlaps the one before it, or the end"
      }
      end = column.offset + column.width
      guard fixed[column.offset..<end].allSatisfy({ $0 == 0 }) else { return "octets of a column are fixed" }
      guard names.insert(column.name).inserted else { return "two columns of one name" }
    }
    return nil
  }
}

extension Shape.Column {
  fileprivate var problem: String? {
    guard 1...Limits.columnName ~= name.utf8.count,
      name.utf8.allSatisfy({ Limits.isNameOctet($0) && $0 != UInt8(ascii: ":") }),
      !Shape.reservedNames.contains(name)
    else { return "its name is not usable" }
    guard 1...8 ~= width, offset >= 0 else { return "\(width) octets at \(offset)" }
    guard number != .float || width == 4 || width == 8 else { return "a float of \(width) octets" }
    guard order.isEmpty || order.sorted() == (0..<UInt8(width)).map({ $0 }) else { return "its order is none" }
    return nil
  }

  var format: NumberFormat { NumberFormat(number: number, width: width) }

  /// Places in the payload, most significant octet first.
  var places: [Int] { order.isEmpty ? Array(offset..<(offset + width)) : order.map { offset + Int($0) } }

  /// What is kept of it.
  var keptQuarters: Shape.Quarters { quarters == .gauge && number != .float && width > 6 ? .none : quarters }
}
