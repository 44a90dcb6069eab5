/// Cases that are made of the table of element sizes: every type of process information, cut and lied about in every way.
///
/// Source of the sizes: IEC 60870-5-101 clause 7.3.1, IEC 60870-5-104 clause 8, IEC TS 60870-5-7 (type 41).
enum HostileStationTables {
  /// A type with one object, without its address.
  struct Row {
    let type: UInt8
    let address: UInt8
    /// Octets of the element; `T3`, `T7`: CP24Time2a, CP56Time2a of 07:59:00.
    let element: String
    /// Nil: no point takes it.
    let reading: String?

    var octets: [String] {
      element.split(separator: " ").flatMap { word -> [String] in
        switch word {
        case "T3": ["00", "00", "3b"]
        case "T7": ["00", "00", "3b", "07", "d5", "0b", "1a"]
        default: [String(word)]
        }
      }
    }
  }

  static let rows: [Row] = [
    Row(type: 1, address: 1, element: "01", reading: "x_sp 1"),
    Row(type: 2, address: 1, element: "01 T3", reading: "x_sp 1"),
    Row(type: 3, address: 2, element: "02", reading: "x_dp 2"),
    Row(type: 4, address: 2, element: "02 T3", reading: "x_dp 2"),
    Row(type: 5, address: 3, element: "05 00", reading: "x_st 5"),
    Row(type: 6, address: 3, element: "05 00 T3", reading: "x_st 5"),
    Row(type: 7, address: 4, element: "78 56 34 12 00", reading: "x_bo 305419896"),
    Row(type: 8, address: 4, element: "78 56 34 12 00 T3", reading: "x_bo 305419896"),
    Row(type: 9, address: 5, element: "00 40 00", reading: "x_me 0.5"),
    Row(type: 10, address: 5, element: "00 40 00 T3", reading: "x_me 0.5"),
    Row(type: 11, address: 5, element: "2a 00 00", reading: "x_me 42"),
    Row(type: 12, address: 5, element: "2a 00 00 T3", reading: "x_me 42"),
    Row(type: 13, address: 5, element: "00 00 28 42 00", reading: "x_me 42"),
    Row(type: 14, address: 5, element: "00 00 28 42 00 T3", reading: "x_me 42"),
    Row(type: 15, address: 6, element: "e8 03 00 00 00", reading: "x_it 1000"),
    Row(type: 16, address: 6, element: "e8 03 00 00 00 T3", reading: "x_it 1000"),
    Row(type: 17, address: 7, element: "02 14 00 T3", reading: "x_ep 2"),
    Row(type: 18, address: 7, element: "03 00 14 00 T3", reading: "x_ep 3"),
    Row(type: 19, address: 7, element: "05 00 14 00 T3", reading: "x_ep 5"),
    Row(type: 20, address: 8, element: "0f 00 00 00 00", reading: "x_ps 15"),
    Row(type: 21, address: 5, element: "00 40", reading: "x_me 0.5"),
    Row(type: 30, address: 1, element: "01 T7", reading: "x_sp 1"),
    Row(type: 31, address: 2, element: "02 T7", reading: "x_dp 2"),
    Row(type: 32, address: 3, element: "05 00 T7", reading: "x_st 5"),
    Row(type: 33, address: 4, element: "78 56 34 12 00 T7", reading: "x_bo 305419896"),
    Row(type: 34, address: 5, element: "00 40 00 T7", reading: "x_me 0.5"),
    Row(type: 35, address: 5, element: "2a 00 00 T7", reading: "x_me 42"),
    Row(type: 36, address: 5, element: "00 00 28 42 00 T7", reading: "x_me 42"),
    Row(type: 37, address: 6, element: "e8 03 00 00 00 T7", reading: "x_it 1000"),
    Row(type: 38, address: 7, element: "02 14 00 T7", reading: "x_ep 2"),
    Row(type: 39, address: 7, element: "03 00 14 00 T7", reading: "x_ep 3"),
    Row(type: 40, address: 7, element: "05 00 14 00 T7", reading: "x_ep 5"),
    Row(type: 41, address: 6, element: "01 00 e8 03 00 00 00 T7", reading: nil),
  ]

  static func all() throws -> [HostileStationCase] { try rows.flatMap(cases) }

  private static func cases(of row: Row) throws -> [HostileStationCase] {
    let address = [hex(row.address), "00", "00"]
    let object = address + row.octets
    let whole = asdu(row.type, "01", "03", object)
    let name = "type \(row.type)"
    let reading = row.reading.map { ["reading \($0)"] } ?? []
    func made(_ what: String, _ lines: [String]) throws -> [HostileStationCase] {
      try HostileStationCase.read((["start"] + lines + ["contained"]).joined(separator: "\n"), file: "\(name) \(what)")
    }
    return try [
      // Every octet of the object missing, from none of it to all but one.
      made(
        "truncated.case",
        (0..<object.count).map { asdu(row.type, "01", "03", Array(object.prefix($0))) } + [whole] + reading
          + ["count malformed \(object.count)", "says for the objects that it announces"]),
      // More objects announced than there are.
      made(
        "fewer objects than announced.case",
        ["02", "03", "7f"].map { asdu(row.type, $0, "03", object) }
          + ["82", "ff"].map { asdu(row.type, $0, "03", object) } + [whole] + reading + ["count malformed 5"]),
      // Fewer objects announced than there are: those count, the rest is told of.
      made(
        "more objects than announced.case",
        [
          asdu(row.type, "01", "03", object + object), asdu(row.type, "00", "03", object),
          asdu(row.type, "80", "03", object),
        ] + reading + ["count malformed 0", "count trailing 3"]),
      // T and P/N: no reading. Causes that no table has: a value all the same.
      made(
        "with strange causes.case",
        ["83", "c3", "43", "54"].map { asdu(row.type, "01", $0, object) }
          + ["00", "0e", "30", "3f"].map { asdu(row.type, "01", $0, object) } + reading + reading + reading + reading
          + ["count tests 2", "count malformed 0"]),
      // Another station's address, no address, everybody's.
      made(
        "of foreign addresses.case",
        ["00 00", "30 00", "ff ff", "2f 01"].map {
          "send asdu \(hex(row.type)) 01 03 00 \($0) " + object.joined(separator: " ")
        } + [whole] + reading + ["count foreign 4", "count malformed 0"]),
    ].flatMap { $0 }
  }

  private static func asdu(_ type: UInt8, _ structure: String, _ cause: String, _ objects: [String]) -> String {
    "send asdu \(hex(type)) \(structure) \(cause) 00 2f 00 " + objects.joined(separator: " ")
  }

  private static func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}
