import IEC104

/// As which types a point is sent.
struct OutstationTypes: Sendable, Hashable {
  /// In answers.
  let answered: TypeID
  /// Unasked.
  let spontaneous: TypeID

  /// Of a family the first of these that belongs to it, without and with time tag. (CP24Time2a is not used over TCP/IP:
  /// IEC 60870-5-104 clause 9.5.)
  private static let untagged: [TypeID] = [
    .M_ME_NC_1, .M_IT_NA_1, .M_SP_NA_1, .M_DP_NA_1, .M_ST_NA_1, .M_BO_NA_1, .M_ME_NB_1, .M_ME_NA_1, .M_PS_NA_1,
    .M_ME_ND_1,
  ]
  private static let tagged: [TypeID] = [
    .M_ME_TF_1, .M_IT_TB_1, .M_SP_TB_1, .M_DP_TB_1, .M_ST_TB_1, .M_BO_TB_1, .M_ME_TE_1, .M_ME_TD_1, .M_EP_TD_1,
    .M_EP_TE_1, .M_EP_TF_1, .S_IT_TC_1,
  ]

  /// - Parameter name: a family, or one type, which is then sent always.
  /// - Returns: nil where nothing in the monitor direction has that name.
  init?(_ name: String) {
    if let type = TypeID(name: name) {
      guard type.isMonitor else { return nil }
      (answered, spontaneous) = (type, type)
      return
    }
    let without = OutstationTypes.untagged.first { $0.isFamily(name) }
    let with = OutstationTypes.tagged.first { $0.isFamily(name) }
    guard let answered = without ?? with, let spontaneous = with ?? without else { return nil }
    (self.answered, self.spontaneous) = (answered, spontaneous)
  }

  /// Events of protection equipment and security statistics are never asked for (IEC 60870-5-101 clause 7.3.1).
  var isEventOnly: Bool { [17, 18, 19, 38, 39, 40, 41].contains(answered.rawValue) }
}
