import Accounting
import Metering

/// When a meter's serial number changed by itself, where it has a point that says it.
struct SerialChanges {
  private static let quantity = "serial_number"
  private let context: SeriesContext

  init(_ context: SeriesContext) { self.context = context }

  func find(from: Timestamp, to: Timestamp) throws -> [SerialChange] {
    if context.rules(SerialChanges.quantity).isEmpty { return [] }
    var watch = SerialNumberWatch()
    var changes: [SerialChange] = []
    var ordered = OrderedReadings(context, quantities: [SerialChanges.quantity])
    try ordered.forEach(from: from, to: to) { item in
      if let change = watch.see(item.reading) { changes.append(change) }
    }
    return changes
  }
}
