/// What a point of a station expects: one type of process information in the monitor direction (IEC 60870-5-101 clause
/// 7.2.1.1), or a family of them.
struct StationType: Hashable {
  /// `M_ME_TF_1`; of a family `M_ME`.
  let name: String

  /// Types 1 to 21, 30 to 40 (IEC 60870-5-101 table 8) and 41 (IEC 60870-5-7).
  static let exact = [
    "M_SP_NA_1", "M_SP_TA_1", "M_DP_NA_1", "M_DP_TA_1", "M_ST_NA_1", "M_ST_TA_1", "M_BO_NA_1", "M_BO_TA_1",
    "M_ME_NA_1", "M_ME_TA_1", "M_ME_NB_1", "M_ME_TB_1", "M_ME_NC_1", "M_ME_TC_1", "M_IT_NA_1", "M_IT_TA_1",
    "M_EP_TA_1", "M_EP_TB_1", "M_EP_TC_1", "M_PS_NA_1", "M_ME_ND_1", "M_SP_TB_1", "M_DP_TB_1", "M_ST_TB_1",
    "M_BO_TB_1", "M_ME_TD_1", "M_ME_TE_1", "M_ME_TF_1", "M_IT_TB_1", "M_EP_TD_1", "M_EP_TE_1", "M_EP_TF_1",
    "S_IT_TC_1",
  ]

  static let families = ["M_SP", "M_DP", "M_ST", "M_BO", "M_ME", "M_IT", "M_EP", "M_PS"]

  /// Nil for any other name.
  init?(_ name: String) {
    guard StationType.families.contains(name) || StationType.exact.contains(name) else { return nil }
    self.name = name
  }

  /// `M_ME`, also of one type.
  var family: String { String(name.prefix(4)) }

  var isFamily: Bool { name == family }

  /// Whether its values may carry time tags: the standard's names have a T in the third place then.
  var hasTimeTag: Bool {
    StationType.exact.contains {
      ($0 == name || isFamily && $0.hasPrefix(family + "_")) && $0.dropFirst(5).first == "T"
    }
  }

  /// Whether counter interrogations bring it.
  var isIntegratedTotal: Bool { family == "M_IT" }

  /// Whether its values may be those of a counter; totals also come as measured values and as bitstrings.
  var holdsCounts: Bool { ["M_IT", "M_ME", "M_BO", "S_IT"].contains(family) }

  /// Whether some type is expected by both.
  func overlaps(_ other: StationType) -> Bool {
    name == other.name || family == other.family && (isFamily || other.isFamily)
  }
}
