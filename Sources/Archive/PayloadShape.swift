import Decoding
import IEC104
import Metering
import Segments

/// Says which octets of a row's payload are a meter's numbers, so that a segment can keep each number's series by itself.
///
/// A pure matter of space and speed: whatever it says, a sealed row comes back octet for octet.
final class PayloadShape {
  private let definitions: [String: Definition]
  /// The widths of a station's fields, by its id.
  private let formats: [String: ASDUFormat]
  private var registers: [String: [RegisterTable: [RegisterUse]]] = [:]

  private struct RegisterUse {
    let reference: RegisterReference
    let quarters: Shape.Quarters
  }

  init(_ contents: CatalogContents) {
    definitions = contents.definitions
    var formats: [String: ASDUFormat] = [:]
    for station in contents.definitions.values.compactMap(\.station) {
      if let format = try? station.format() { formats[station.id] = format }
    }
    self.formats = formats
  }

  /// - Parameters:
  ///   - source: `meter:…`, `station:…`
  ///   - kind: of the row, as in the hot store.
  /// - Returns: nil where the row is kept whole.
  func shape(source: String, kind: UInt8, definition: String, payload: UnsafeRawBufferPointer) -> Shape? {
    switch ObservationRow.Kind(rawValue: Int64(kind)) {
    case .poll: poll(definition, payload)
    case .asdu: asdu(String(source.dropFirst("station:".count)), payload)
    case .missed, .clockOffset, .forward, .interrogation, .link, nil: nil
    }
  }

  // MARK: - Polls

  /// Whether a block of a poll was not answered.
  static func hasFailure(_ payload: UnsafeRawBufferPointer) -> Bool {
    var place = 1
    while payload.count - place >= 9 {
      if payload[place + 5] != 0 || payload[place + 6] != 0 { return true }
      place += 9 + Int(payload[place + 7]) + Int(payload[place + 8]) << 8
    }
    return false
  }

  private func poll(_ definition: String, _ payload: UnsafeRawBufferPointer) -> Shape? {
    let uses = registerUses(of: definition)
    var fixed = Array(payload)
    var columns: [Shape.Column] = []
    var place = 1
    while place < payload.count {
      let header = 9
      guard payload.count - place >= header, let table = ObservationRow.table(payload[place]) else { return nil }
      func integer(_ offset: Int) -> Int { Int(payload[place + offset]) | Int(payload[place + offset + 1]) << 8 }
      let (address, outcome, length) = (integer(1), integer(5), integer(7))
      let data = place + header
      guard payload.count - data >= length else { return nil }
      if outcome == Outcome.ok.code {
        // Octets of a reply that is shorter or longer than was asked for would stand under wrong names.
        guard length == (table.isBits ? (integer(3) + 7) / 8 : 2 * integer(3)) else { return nil }
        if table.isBits {
          for octet in 0..<length {
            columns.append(
              .init(name: "\(table.rawValue)/\(address + 8 * octet)/8", offset: data + octet, width: 1))
          }
        } else {
          append(&columns, uses[table] ?? [], table, address, registers: length / 2, at: data)
        }
        for octet in data..<(data + length) { fixed[octet] = 0 }
      }
      place = data + length
    }
    return columns.isEmpty ? nil : Shape(fixed: fixed, columns: columns)
  }

  /// The registers of a block: those of a point together, those between each by itself.
  private func append(
    _ columns: inout [Shape.Column], _ uses: [RegisterUse], _ table: RegisterTable, _ address: Int, registers: Int,
    at data: Int
  ) {
    var next = address
    let end = address + registers
    func hole(to limit: Int) {
      while next < limit {
        columns.append(.init(name: "\(table.rawValue)/\(next)/1", offset: data + 2 * (next - address), width: 2))
        next += 1
      }
    }
    for use in uses where Int(use.reference.address) >= next && use.reference.end <= end {
      let reference = use.reference
      if reference.width > 4 { continue }
      hole(to: Int(reference.address))
      let places = reference.order.places(registers: reference.width)
      columns.append(
        .init(
          name: "\(table.rawValue)/\(reference.address)/\(reference.width)", offset: data + 2 * (next - address),
          width: 2 * reference.width,
          order: places.elementsEqual(0..<(2 * reference.width)) ? [] : places.map(UInt8.init),
          number: PayloadShape.number(reference.type), quarters: use.quarters))
      next = reference.end
    }
    hole(to: end)
  }

  private static func number(_ type: RegisterType) -> Shape.Number {
    switch type {
    case .f32, .f64: .float
    case .i16, .i32, .i48, .i64: .signed
    default: .unsigned
    }
  }

  private func registerUses(of definition: String) -> [RegisterTable: [RegisterUse]] {
    if let known = registers[definition] { return known }
    var uses: [RegisterTable: [RegisterUse]] = [:]
    for point in definitions[definition]?.points ?? [] {
      for reference in point.registers where !reference.table.isBits {
        let isOwn = reference == point.register
        let quarters: Shape.Quarters =
          switch point.kind {
          case .counter where isOwn && reference.type.isPlainNumber: .counter
          case .gauge where isOwn && reference.type.isPlainNumber: .gauge
          default: .none
          }
        uses[reference.table, default: []].append(RegisterUse(reference: reference, quarters: quarters))
      }
    }
    // Where two read the same registers otherwise, the wider one has them.
    for table in uses.keys {
      uses[table]?.sort { ($0.reference.address, -$0.reference.width) < ($1.reference.address, -$1.reference.width) }
    }
    registers[definition] = uses
    return uses
  }

  // MARK: - ASDUs

  /// Each object's number, quality and tag by themselves; the types, causes and addresses are what makes rows alike.
  private func asdu(_ station: String, _ payload: UnsafeRawBufferPointer) -> Shape? {
    // Version, link, count of repeated places: a repeat is rare enough to be kept whole.
    let start = 3
    guard let format = formats[station], payload.count > start, payload[2] == 0 else { return nil }
    var objects: [InformationObject] = []
    let octets = Array(payload[start...])
    guard let header = try? ASDU.decode(octets, format: format, into: &objects).header, header.type.isMonitor,
      let size = header.type.elementSize(format)
    else { return nil }
    let fields = PayloadShape.fields(header.type, size: size)
    var fixed = Array(payload)
    var columns: [Shape.Column] = []
    for (index, object) in objects.enumerated() {
      let address = format.objectAddressSize
      var place =
        start + format.headerSize + address + index * (header.isSequence ? size : address + size)
      guard place + size <= payload.count else { return nil }
      for (number, field) in fields.enumerated() {
        columns.append(
          .init(
            name: "object/\(object.address)/\(number)", offset: place, width: field.octets,
            order: (0..<UInt8(field.octets)).reversed(), number: field.number))
        for octet in place..<(place + field.octets) { fixed[octet] = 0 }
        place += field.octets
      }
    }
    // The same object twice in one ASDU: its columns would have one name.
    guard Set(objects.map(\.address)).count == objects.count, !columns.isEmpty else { return nil }
    return Shape(fixed: fixed, columns: columns)
  }

  private struct Field {
    var octets: Int
    var number = Shape.Number.unsigned
  }

  /// The fields of an information element, little-endian each (IEC 60870-5-101 clause 7.2.6).
  private static func fields(_ type: TypeID, size: Int) -> [Field] {
    let tag: [Field] =
      switch type.timeTag {
      case .none: []
      case .cp24: [Field(octets: 2), Field(octets: 1)]
      case .cp56: [Field(octets: 2)] + [Field](repeating: Field(octets: 1), count: 5)
      }
    let rest = size - tag.reduce(0) { $0 + $1.octets }
    let number: Field? =
      switch type.rawValue {
      case 13, 14, 36: Field(octets: 4, number: .float)
      case 7, 8, 15, 16, 33, 37: Field(octets: 4, number: .signed)
      case 9...12, 21, 34, 35: Field(octets: 2, number: .signed)
      default: nil
      }
    let others = rest - (number?.octets ?? 0)
    return (number.map { [$0] } ?? []) + [Field](repeating: Field(octets: 1), count: max(others, 0)) + tag
  }
}

extension RegisterType {
  /// A number whose bits are its value: what can be added up and compared before it is scaled.
  fileprivate var isPlainNumber: Bool {
    switch self {
    case .u16, .i16, .u32, .i32, .u48, .i48, .u64, .i64, .f32, .f64: true
    default: false
    }
  }
}
