import Metering

extension ProfileReader {
  static let maximumCircuits = 1_000

  /// `circuits` and `stride`: both or neither.
  func readCircuits(_ table: TableReader) -> Circuits {
    guard table.has("circuits") || table.has("stride") else { return Circuits() }
    let count = table.integer("circuits", in: 2...Int64(ProfileReader.maximumCircuits), required: true)
    let stride = table.integer("stride", in: 1...65_535, required: true)
    guard let count, let stride else { return Circuits(isGiven: true) }
    return Circuits(isGiven: true, count: count.value, stride: stride.value)
  }

  func readForbidden(_ table: TableReader) -> [RegisterRange] {
    let tables = table.inlineTables(
      "forbidden", limit: 64, example: "[ { table = \"holding\", from = 0x0100, to = 0x01FF } ]")
    return (tables ?? []).compactMap { table in
      let area = table.choice("table", of: RegisterTable.self, required: true)
      let first = table.address("from")
      let last = table.address("to")
      table.finish()
      guard let area, let first, let last else { return nil }
      guard first.value <= last.value else {
        table.error(last.position, "'to' is \(last.value), which comes before 'from' = \(first.value)")
        return nil
      }
      return RegisterRange(table: area.value, addresses: UInt16(first.value)...UInt16(last.value))
    }
  }

  private enum IdentifyingType: String, CaseIterable { case u16, u32 }

  func readIdentify(_ table: TableReader, _ forbidden: [RegisterRange]) -> [Identification] {
    let tables = table.inlineTables(
      "identify", limit: 16,
      example: "[ { table = \"input\", address = 11, value = 330 } ] or [ { vendor = \"Acme\", product = \"E1\" } ]")
    return (tables ?? []).compactMap { table in
      if table.has("vendor") || table.has("product") { return readDevice(table) }
      let area = table.choice("table", of: RegisterTable.self, required: true)
      let address = table.address()
      let type = table.choice("type", of: IdentifyingType.self)?.value == .u32 ? RegisterType.u32 : .u16
      let order = table.order(type)
      let value = table.integer("value", in: 0...(type == .u32 ? 0xFFFF_FFFF : 0xFFFF), required: true)
      table.finish()
      if let area, area.value.isBits {
        table.error(area.position, "'identify' in the \(area.value.rawValue) table: one bit tells no model")
        return nil
      }
      guard let register = table.register(table: area?.value, address: address, type: type, order: order), let value
      else { return nil }
      checkForbidden(register.value, at: register.position, Circuits(), stride: 0, forbidden)
      return .register(register.value, value: UInt64(value.value))
    }
  }

  private func readDevice(_ table: TableReader) -> Identification? {
    table.misplaced(
      ["table", "address", "type", "order", "value"], because: "a model is told by a register or by its 'vendor'")
    let vendor = table.string("vendor", required: true)
    let product = table.string("product")
    table.finish()
    return vendor.map { .device(vendor: $0.value, product: product?.value) }
  }

  /// What holds of every register of every circuit.
  func checkRegisters(
    _ points: [PlacedPoint], maxRegisters: Int, _ circuits: Circuits, _ forbidden: [RegisterRange]
  ) {
    for point in points {
      let strides = [point.stride.register] + point.stride.factors
      let positions = [point.addressPosition] + point.factorPositions
      for (register, (stride, position)) in zip(point.point.registers, zip(strides, positions)) {
        let type = register.type.rawValue
        if register.width > maxRegisters {
          sink.error(
            position, "\(type) takes \(register.width) registers, more than 'max_registers' = \(maxRegisters)")
        }
        if let count = circuits.count {
          if stride > 0, stride < register.width {
            sink.error(
              position, "\(type) takes \(register.width) registers, but the next circuit's begins \(stride) further on")
          }
          if register.end + (count - 1) * stride > 65_536 {
            let fitting = (65_536 - register.end) / stride + 1
            sink.error(
              position,
              "\(type) at address \(register.address) ends past register 65535 in circuit \(fitting + 1) of \(count)")
          }
        }
        checkForbidden(register, at: position, circuits, stride: stride, forbidden)
      }
    }
  }

  /// Names the first circuit whose register lies in a forbidden range.
  private func checkForbidden(
    _ register: RegisterReference, at position: Position, _ circuits: Circuits, stride: Int,
    _ forbidden: [RegisterRange]
  ) {
    for range in forbidden where range.table == register.table {
      let first = Int(range.addresses.lowerBound)
      let last = Int(range.addresses.upperBound)
      // Circuits, from 0, that end before the range.
      let before = stride > 0 ? max(0, (first - register.end) / stride + (first >= register.end ? 1 : 0)) : 0
      let address = Int(register.address) + before * stride
      guard before < circuits.count ?? 1, address <= last, address + register.width > first else { continue }
      let circuit = before > 0 ? " of circuit \(before + 1)" : ""
      sink.error(
        position,
        "address \(address)\(circuit) lies in 'forbidden' \(first) to \(last) of the \(range.table.rawValue) table")
      return
    }
  }
}
