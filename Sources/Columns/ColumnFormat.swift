/// What the values of a column are: patterns of 1 to 64 bits, and whether they are IEEE 754 numbers.
public struct ColumnFormat: Hashable, Sendable {
  /// 1 to 64; values stand in the low bits of their UInt64, the others are zero.
  public var bits: Int
  /// IEEE 754 binary32 (32 bits) or binary64 (64 bits).
  public var isFloat: Bool

  public init(bits: Int, isFloat: Bool = false) {
    precondition(1...64 ~= bits, "a column has values of 1 to 64 bits")
    precondition(!isFloat || bits == 32 || bits == 64, "a float has 32 or 64 bits")
    self.bits = bits
    self.isFloat = isFloat
  }
}
