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
    Ratios(current: table.currentRatio(secondary) ?? .one, voltage: table.voltageRatio(secondary) ?? .one)
  }

  func secondary(_ source: Source?) -> [Quantity]? {
    guard let source, isComplete(source) else { return nil }
    return source.points.filter { $0.side == .secondary }.compactMap { Quantity($0.quantity) }
  }

  /// The counters of the meter; nil where points that are broken may be among them.
  func counters(_ source: Source?) -> [String]? {
    guard let source, isComplete(source) else { return nil }
    return source.points.filter { $0.kind == .counter }.map(\.quantity)
  }

  private func isComplete(_ source: Source) -> Bool { source.profile != nil || source.points.count == pointCount }

  private var pointCount: Int {
    if case .array(let elements)? = table.node("point")?.value { elements.count } else { 0 }
  }
}

extension TableReader {
  /// `ct_ratio` of a meter or a change; nil where there is none.
  func currentRatio(_ secondary: [Quantity]?) -> ExactDecimal? {
    ratio("ct_ratio", secondary, scaledBy: [.current, .both], what: "current, power or energy")
  }

  /// `vt_ratio` of a meter or a change; nil where there is none.
  func voltageRatio(_ secondary: [Quantity]?) -> ExactDecimal? {
    ratio("vt_ratio", secondary, scaledBy: [.voltage, .both], what: "voltage, power or energy")
  }

  /// A ratio scales what the device reports of the secondary side; on primary values it would falsify, so it is an
  /// error where there is nothing for it to scale.
  private func ratio(
    _ key: String, _ secondary: [Quantity]?, scaledBy: [Quantity.Transformer], what: String
  ) -> ExactDecimal? {
    guard let ratio = positiveDecimal(key, maximum: MeterReader.largestRatio, maximumDigits: 9) else { return nil }
    if let secondary, !secondary.contains(where: { scaledBy.contains($0.transformer) }) {
      error(
        keyPosition(key),
        "'\(key)' on primary values: no \(what) of this meter is of side = \"secondary\"; remove it")
    }
    return ratio.value
  }
}
