import IEC104

/// How many objects go into the next ASDU, and whether they count up (IEC 60870-5-101 clause 7.2.2).
struct OutstationPacking: Equatable {
  let count: Int
  let isSequence: Bool

  /// - Parameter addresses: of objects of that type, ascending; at least one.
  init(_ addresses: some Collection<UInt32>, type: TypeID, format: ASDUFormat) {
    let element = type.elementSize(format) ?? 0
    let room = APCI.maximumASDU - format.headerSize
    let apart = min(addresses.count, 127, room / (format.objectAddressSize + element))
    // With time tags only SQ = 0 is standard (IEC 60870-5-101 clause 7.3.1).
    let most = type.timeTag == .none ? min(addresses.count, 127, (room - format.objectAddressSize) / element) : 1
    var run = 0
    var next = addresses.first
    for address in addresses.prefix(most) {
      guard address == next else { break }
      run += 1
      next = address + 1
    }
    isSequence = run > 1 && run >= apart
    count = max(1, isSequence ? run : apart)
  }
}
