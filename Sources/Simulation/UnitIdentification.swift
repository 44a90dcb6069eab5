import Metering

/// What a simulated unit says of itself: function 43, MEI type 14, basic and regular objects.
///
/// Specification: MODBUS Application Protocol V1.1b3, clause 6.21.
public struct UnitIdentification: Sendable, Hashable {
  public enum Object: UInt8, Sendable, CaseIterable {
    case vendorName, productCode, revision, vendorURL, productName, modelName, userApplicationName

    /// The three that every device with the function has.
    var isBasic: Bool { rawValue <= Object.revision.rawValue }
  }

  /// Stream access to regular objects, and access to each.
  private static let conformity: UInt8 = 0x82
  /// A reply PDU of 253 bytes less the 7 before the objects.
  private static let room = 246
  private let objects: [Entry]

  private struct Entry: Hashable {
    var object: Object
    var text: [UInt8]
  }

  /// - Parameter texts: basic objects that are missing are empty. ASCII, at most 244 bytes each: the rest is cut off, and
  ///   what is not ASCII becomes a question mark.
  public init(_ texts: [Object: String]) {
    objects = Object.allCases.compactMap { object in
      guard let text = texts[object] ?? (object.isBasic ? "" : nil) else { return nil }
      let ascii = text.map { $0.asciiValue ?? UInt8(ascii: "?") }
      return Entry(object: object, text: Array(ascii.prefix(UnitIdentification.room - 2)))
    }
  }

  /// The profile `eastron-sdm630` is the vendor `eastron` and the product `sdm630`.
  public init(of definition: Definition) {
    let profile = definition.profile ?? "meterd-simulated"
    let parts = profile.split(separator: "-", maxSplits: 1).map(String.init)
    let product = parts.count > 1 ? parts[1] : profile
    self.init([
      .vendorName: parts.first ?? profile, .productCode: product, .revision: "1.0", .productName: profile,
      .modelName: product, .userApplicationName: definition.meterID,
    ])
  }

  /// - Parameters:
  ///   - category: 1 basic, 2 regular, 3 extended (answered with what there is: regular), 4 one object.
  ///   - objectID: the first object of the reply. A stream begins anew where it has no such object; 4 refuses it.
  func answer(category: UInt8, objectID: UInt8) -> SimulatedUnit.Answer {
    var offered = objects[...]
    switch category {
    case 1: offered = objects.prefix { $0.object.isBasic }
    case 2, 3: break
    case 4:
      offered = objects.filter { $0.object.rawValue == objectID }[...]
      if offered.isEmpty { return .exception(2) }
    default: return .exception(3)
    }
    let from = offered.firstIndex { $0.object.rawValue == objectID } ?? offered.startIndex
    var (listed, count): ([UInt8], UInt8) = ([], 0)
    var next: UInt8?
    for entry in offered[from...] {
      guard listed.count + 2 + entry.text.count <= UnitIdentification.room else {
        next = entry.object.rawValue
        break
      }
      listed += [entry.object.rawValue, UInt8(entry.text.count)] + entry.text
      count += 1
    }
    let moreFollows: UInt8 = next == nil ? 0 : 0xFF
    return .identification([14, category, UnitIdentification.conformity, moreFollows, next ?? 0, count] + listed)
  }
}
