extension TypeID {
  /// Octets of one information element, its time tag included, its address not. Nil where only the manufacturer knows
  /// (reserved and private types), or where it stands in the element itself (file segments).
  ///
  /// Source: IEC 60870-5-101 clause 7.3, IEC 60870-5-104 clause 8; type 41: IEC TS 60870-5-7.
  @inline(__always)
  public func elementSize(_ format: borrowing ASDUFormat) -> Int? {
    if rawValue >= 128 { return format.privateTypeSizes[rawValue] }
    return standardSize
  }

  /// The one table of sizes.
  @inline(__always)
  private var standardSize: Int? {
    switch rawValue {
    // Process information in monitor direction, without time tag and with CP24Time2a.
    case 1, 3: 1
    case 2, 4: 4
    case 5: 2
    case 6: 5
    case 7: 5
    case 8: 8
    case 9, 11: 3
    case 10, 12: 6
    case 13: 5
    case 14: 8
    case 15: 5
    case 16: 8
    case 17: 6
    case 18, 19: 7
    case 20: 5
    case 21: 2
    // The same with CP56Time2a.
    case 30, 31: 8
    case 32: 9
    case 33: 12
    case 34, 35: 10
    case 36, 37: 12
    case 38: 10
    case 39, 40: 11
    case 41: 14
    // Commands, without time tag and with CP56Time2a.
    case 45...47: 1
    case 48, 49: 3
    case 50: 5
    case 51: 4
    case 58...60: 8
    case 61, 62: 10
    case 63: 12
    case 64: 11
    // System information.
    case 70: 1
    case 100, 101, 105: 1
    case 102: 0
    case 103: 7
    case 104, 106: 2
    case 107: 9
    // Parameters.
    case 110, 111: 3
    case 112: 5
    case 113: 1
    // Files. A segment (125) says itself how long it is.
    case 120: 6
    case 121: 7
    case 122: 4
    case 123: 5
    case 124: 4
    case 126: 13
    case 127: 16
    default: nil
    }
  }

  /// Which time tag ends an element. (The times in a directory, 126, and in a query for a log, 127, are values.)
  @inline(__always)
  public var timeTag: TimeTag.Kind {
    switch rawValue {
    case 2, 4, 6, 8, 10, 12, 14, 16...19: .cp24
    case 30...41, 58...64, 103, 107: .cp56
    default: .none
    }
  }
}
