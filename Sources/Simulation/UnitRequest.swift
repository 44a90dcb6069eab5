import Metering

/// A request PDU as a unit looks at it.
///
/// Specification: MODBUS Application Protocol V1.1b3, clauses 6.1 to 6.4 and 6.21.
enum UnitRequest: Equatable {
  case read(RegisterTable, address: UInt16, count: UInt16)
  /// Function 43, MEI type 14.
  case identify(category: UInt8, objectID: UInt8)
  /// A function that there is, with another length than it has.
  case malformed
  case unknownFunction

  init(_ pdu: some RandomAccessCollection<UInt8>) {
    func byte(_ place: Int) -> UInt8? { pdu.dropFirst(place).first }
    func word(_ place: Int) -> UInt16 { UInt16(byte(place) ?? 0) << 8 | UInt16(byte(place + 1) ?? 0) }
    switch byte(0) {
    case 1, 2, 3, 4:
      let tables: [RegisterTable] = [.coil, .discrete, .holding, .input]
      let table = tables[Int((byte(0) ?? 1) - 1)]
      self = pdu.count == 5 ? .read(table, address: word(1), count: word(3)) : .malformed
    case 43:
      if let type = byte(1), type != 14 {
        self = .unknownFunction
      } else if pdu.count == 4, let category = byte(2), let objectID = byte(3) {
        self = .identify(category: category, objectID: objectID)
      } else {
        self = .malformed
      }
    default: self = .unknownFunction
    }
  }
}
