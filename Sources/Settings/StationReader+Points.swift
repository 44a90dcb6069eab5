import Metering

extension StationReader {
  /// The widths of the fields that the standard leaves open.
  struct Format {
    var causeSize = 2
    var commonAddressSize = 2
    var objectAddressSize = 3
    var privateTypes: [Definition.PrivateType]?
  }

  func readFormat() -> Format {
    var format = Format()
    format.causeSize = table.integer("cause_size", in: 1...2)?.value ?? 2
    format.commonAddressSize = table.integer("common_address_size", in: 1...2)?.value ?? 2
    format.objectAddressSize = table.integer("object_address_size", in: 1...3)?.value ?? 3
    format.privateTypes = readPrivateTypes(format)
    return format
  }

  /// An ASDU has 249 octets at most (IEC 60870-5-104 clause 5).
  private func readPrivateTypes(_ format: Format) -> [Definition.PrivateType]? {
    guard let (types, keys) = table.inlineTable("private_types", example: "{ \"137\" = 5 }") else { return nil }
    let header = 2 + format.causeSize + format.commonAddressSize
    let largest = Int64(249 - header - format.objectAddressSize)
    var found: [Definition.PrivateType] = []
    for key in keys {
      guard let type = UInt8(key), type >= 128, String(type) == key else {
        _ = types.has(key)
        types.error(
          types.keyPosition(key),
          "'private_types' names \(Wording.quoted(key)); private types are 128 to 255, such as { \"137\" = 5 }")
        continue
      }
      guard let size = types.integer(key, in: 0...largest) else { continue }
      found.append(Definition.PrivateType(type: type, elementSize: size.value))
    }
    return found.isEmpty ? nil : found.sorted { $0.type < $1.type }
  }

  func readPoints(_ context: StationPointReader.Context) -> [PlacedStationPoint] {
    let tables = table.tables("point", parent: "station", limit: StationReader.maximumPoints)
    let points = tables.map { StationPointReader(table: $0, context: context).read() }
    checkQuantities(points)
    checkObjects(points)
    return points
  }

  /// A meter has a quantity once.
  private func checkQuantities(_ points: [PlacedStationPoint]) {
    var seen: [String: Set<String>] = [:]
    for placed in points {
      guard let meter = placed.meter, let point = placed.point else { continue }
      if !seen[meter.value, default: []].insert(point.quantity).inserted {
        table.error(
          placed.quantityPosition,
          "the quantity '\(point.quantity)' of the meter \(Wording.quoted(meter.value)) stands twice in this station")
      }
    }
  }

  /// An object belongs to one point. (Two types may come with one address; they are two objects.)
  private func checkObjects(_ points: [PlacedStationPoint]) {
    struct Object: Hashable {
      var commonAddress: UInt16
      var address: UInt32
    }
    var owners: [Object: [PlacedStationPoint]] = [:]
    for placed in points {
      guard let point = placed.point, let type = placed.type else { continue }
      let object = Object(commonAddress: point.commonAddress, address: point.objectAddress)
      if let owner = owners[object]?.first(where: { $0.type.map(type.overlaps) ?? false }), let taken = owner.type {
        table.error(
          placed.addressPosition,
          "object address \(object.address) of common address \(object.commonAddress) belongs to the point in line"
            + " \(owner.position.line) already, with the type \(taken.name)")
      } else {
        owners[object, default: []].append(placed)
      }
    }
  }
}
