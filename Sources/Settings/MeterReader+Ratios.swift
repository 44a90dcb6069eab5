import Metering

extension MeterReader {
  struct Ratios {
    var current = ExactDecimal.one
    var voltage = ExactDecimal.one
  }

  /// `ct_ratio` and `vt_ratio`.
  ///
  /// - Parameter secondary: the quantities of secondary values; nil where points that are broken may be among them
  func readRatios(_ secondary: [Quantity]?) -> Ratios {
    Ratios(
      current: readRatio("ct_ratio", secondary, scaledBy: [.current, .both], what: "current, power or energy"),
      voltage: readRatio("vt_ratio", secondary, scaledBy: [.voltage, .both], what: "voltage, power or energy"))
  }

  /// A ratio scales what the device reports of the secondary side; on primary values it would falsify, so it is an
  /// error where there is nothing for it to scale.
  private func readRatio(
    _ key: String, _ secondary: [Quantity]?, scaledBy: [Quantity.Transformer], what: String
  ) -> ExactDecimal {
    guard let ratio = table.positiveDecimal(key, maximum: MeterReader.largestRatio, maximumDigits: 9) else {
      return .one
    }
    if let secondary, !secondary.contains(where: { scaledBy.contains($0.transformer) }) {
      table.error(
        table.keyPosition(key),
        "'\(key)' on primary values: no \(what) of this meter is of side = \"secondary\"; remove it")
    }
    return ratio.value
  }

  func secondary(_ source: Source?) -> [Quantity]? {
    guard let source, source.profile != nil || source.points.count == pointCount else { return nil }
    return source.points.filter { $0.side == .secondary }.compactMap { Quantity($0.quantity) }
  }

  private var pointCount: Int {
    if case .array(let elements)? = table.node("point")?.value { elements.count } else { 0 }
  }
}
