import Decoding
import IEC104

/// The totals that were fetched since each freeze with reset: when they are fetched again, at a start or because the one before
/// was not ended, the station gives the same copy again, and its consumption must not count twice.
struct FrozenTotals {
  private struct Total: Equatable {
    let count: UInt32
    /// With the sequence number, CY and CA.
    let detail: UInt8
  }

  private static let capacity = 50_000

  private var known: [StationDecoder.ObjectPlace: Total] = [:]

  /// Another freeze with reset was begun: what comes next is new.
  mutating func reset(_ commonAddress: UInt16) { known = known.filter { $0.key.commonAddress != commonAddress } }

  /// Places of the objects that had been fetched before.
  mutating func take(_ objects: [InformationObject], _ header: ASDUHeader) -> [UInt8] {
    var repeated: [UInt8] = []
    for (index, object) in objects.enumerated() {
      let place = StationDecoder.ObjectPlace(commonAddress: header.commonAddress, objectAddress: object.address)
      let total = Total(count: object.bits, detail: object.detail)
      if known[place] == total { repeated.append(UInt8(clamping: index)) }
      if known[place] != nil || known.count < FrozenTotals.capacity { known[place] = total }
    }
    return repeated
  }
}
