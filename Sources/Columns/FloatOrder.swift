/// IEEE 754 numbers in their order.
enum FloatOrder {
  /// Positive ones, from 0, are their patterns; negative ones count from −1, which is −0, downwards.
  @inline(__always)
  static func place(_ pattern: UInt64, _ bits: Int) -> Int64 {
    let number = signed(pattern, bits)
    return number < 0 ? number ^ (Int64.max &>> Int64(64 &- bits)) : number
  }
}
