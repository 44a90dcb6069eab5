// swift-format-ignore-file: AlwaysUseLowerCamelCase
// The names are those of the standard, which every tool and every manual uses.

extension TypeID {
  /// Single-point information.
  public static let M_SP_NA_1 = TypeID(rawValue: 1)
  /// Single-point information with time tag.
  public static let M_SP_TA_1 = TypeID(rawValue: 2)
  /// Double-point information.
  public static let M_DP_NA_1 = TypeID(rawValue: 3)
  /// Double-point information with time tag.
  public static let M_DP_TA_1 = TypeID(rawValue: 4)
  /// Step position information.
  public static let M_ST_NA_1 = TypeID(rawValue: 5)
  /// Step position information with time tag.
  public static let M_ST_TA_1 = TypeID(rawValue: 6)
  /// Bitstring of 32 bit.
  public static let M_BO_NA_1 = TypeID(rawValue: 7)
  /// Bitstring of 32 bit with time tag.
  public static let M_BO_TA_1 = TypeID(rawValue: 8)
  /// Measured value, normalized.
  public static let M_ME_NA_1 = TypeID(rawValue: 9)
  /// Measured value, normalized, with time tag.
  public static let M_ME_TA_1 = TypeID(rawValue: 10)
  /// Measured value, scaled.
  public static let M_ME_NB_1 = TypeID(rawValue: 11)
  /// Measured value, scaled, with time tag.
  public static let M_ME_TB_1 = TypeID(rawValue: 12)
  /// Measured value, short floating point.
  public static let M_ME_NC_1 = TypeID(rawValue: 13)
  /// Measured value, short floating point, with time tag.
  public static let M_ME_TC_1 = TypeID(rawValue: 14)
  /// Integrated totals.
  public static let M_IT_NA_1 = TypeID(rawValue: 15)
  /// Integrated totals with time tag.
  public static let M_IT_TA_1 = TypeID(rawValue: 16)
  /// Event of protection equipment with time tag.
  public static let M_EP_TA_1 = TypeID(rawValue: 17)
  /// Packed start events of protection equipment with time tag.
  public static let M_EP_TB_1 = TypeID(rawValue: 18)
  /// Packed output circuit information of protection equipment with time tag.
  public static let M_EP_TC_1 = TypeID(rawValue: 19)
  /// Packed single-point information with status change detection.
  public static let M_PS_NA_1 = TypeID(rawValue: 20)
  /// Measured value, normalized, without quality descriptor.
  public static let M_ME_ND_1 = TypeID(rawValue: 21)
  /// Single-point information with time tag CP56Time2a.
  public static let M_SP_TB_1 = TypeID(rawValue: 30)
  /// Double-point information with time tag CP56Time2a.
  public static let M_DP_TB_1 = TypeID(rawValue: 31)
  /// Step position information with time tag CP56Time2a.
  public static let M_ST_TB_1 = TypeID(rawValue: 32)
  /// Bitstring of 32 bit with time tag CP56Time2a.
  public static let M_BO_TB_1 = TypeID(rawValue: 33)
  /// Measured value, normalized, with time tag CP56Time2a.
  public static let M_ME_TD_1 = TypeID(rawValue: 34)
  /// Measured value, scaled, with time tag CP56Time2a.
  public static let M_ME_TE_1 = TypeID(rawValue: 35)
  /// Measured value, short floating point, with time tag CP56Time2a.
  public static let M_ME_TF_1 = TypeID(rawValue: 36)
  /// Integrated totals with time tag CP56Time2a.
  public static let M_IT_TB_1 = TypeID(rawValue: 37)
  /// Event of protection equipment with time tag CP56Time2a.
  public static let M_EP_TD_1 = TypeID(rawValue: 38)
  /// Packed start events of protection equipment with time tag CP56Time2a.
  public static let M_EP_TE_1 = TypeID(rawValue: 39)
  /// Packed output circuit information of protection equipment with time tag CP56Time2a.
  public static let M_EP_TF_1 = TypeID(rawValue: 40)
  /// Integrated totals of security statistics with time tag CP56Time2a (IEC 60870-5-7).
  public static let S_IT_TC_1 = TypeID(rawValue: 41)
  /// Single command.
  public static let C_SC_NA_1 = TypeID(rawValue: 45)
  /// Double command.
  public static let C_DC_NA_1 = TypeID(rawValue: 46)
  /// Regulating step command.
  public static let C_RC_NA_1 = TypeID(rawValue: 47)
  /// Set-point command, normalized.
  public static let C_SE_NA_1 = TypeID(rawValue: 48)
  /// Set-point command, scaled.
  public static let C_SE_NB_1 = TypeID(rawValue: 49)
  /// Set-point command, short floating point.
  public static let C_SE_NC_1 = TypeID(rawValue: 50)
  /// Bitstring of 32 bit command.
  public static let C_BO_NA_1 = TypeID(rawValue: 51)
  /// Single command with time tag CP56Time2a.
  public static let C_SC_TA_1 = TypeID(rawValue: 58)
  /// Double command with time tag CP56Time2a.
  public static let C_DC_TA_1 = TypeID(rawValue: 59)
  /// Regulating step command with time tag CP56Time2a.
  public static let C_RC_TA_1 = TypeID(rawValue: 60)
  /// Set-point command, normalized, with time tag CP56Time2a.
  public static let C_SE_TA_1 = TypeID(rawValue: 61)
  /// Set-point command, scaled, with time tag CP56Time2a.
  public static let C_SE_TB_1 = TypeID(rawValue: 62)
  /// Set-point command, short floating point, with time tag CP56Time2a.
  public static let C_SE_TC_1 = TypeID(rawValue: 63)
  /// Bitstring of 32 bit command with time tag CP56Time2a.
  public static let C_BO_TA_1 = TypeID(rawValue: 64)
  /// End of initialization.
  public static let M_EI_NA_1 = TypeID(rawValue: 70)
  /// Interrogation command.
  public static let C_IC_NA_1 = TypeID(rawValue: 100)
  /// Counter interrogation command.
  public static let C_CI_NA_1 = TypeID(rawValue: 101)
  /// Read command.
  public static let C_RD_NA_1 = TypeID(rawValue: 102)
  /// Clock synchronization command.
  public static let C_CS_NA_1 = TypeID(rawValue: 103)
  /// Test command.
  public static let C_TS_NA_1 = TypeID(rawValue: 104)
  /// Reset process command.
  public static let C_RP_NA_1 = TypeID(rawValue: 105)
  /// Delay acquisition command.
  public static let C_CD_NA_1 = TypeID(rawValue: 106)
  /// Test command with time tag CP56Time2a.
  public static let C_TS_TA_1 = TypeID(rawValue: 107)
  /// Parameter of measured value, normalized.
  public static let P_ME_NA_1 = TypeID(rawValue: 110)
  /// Parameter of measured value, scaled.
  public static let P_ME_NB_1 = TypeID(rawValue: 111)
  /// Parameter of measured value, short floating point.
  public static let P_ME_NC_1 = TypeID(rawValue: 112)
  /// Parameter activation.
  public static let P_AC_NA_1 = TypeID(rawValue: 113)
  /// File ready.
  public static let F_FR_NA_1 = TypeID(rawValue: 120)
  /// Section ready.
  public static let F_SR_NA_1 = TypeID(rawValue: 121)
  /// Call directory, select file, call file, call section.
  public static let F_SC_NA_1 = TypeID(rawValue: 122)
  /// Last section, last segment.
  public static let F_LS_NA_1 = TypeID(rawValue: 123)
  /// Acknowledge file, acknowledge section.
  public static let F_AF_NA_1 = TypeID(rawValue: 124)
  /// Segment; its length stands in it.
  public static let F_SG_NA_1 = TypeID(rawValue: 125)
  /// Directory; its time tag is the file's.
  public static let F_DR_TA_1 = TypeID(rawValue: 126)
  /// Query log; its two times are the range asked for.
  public static let F_SC_NB_1 = TypeID(rawValue: 127)

  /// Every type that the standard names, in order.
  static let all: [(type: TypeID, name: String)] = [
    (M_SP_NA_1, "M_SP_NA_1"), (M_SP_TA_1, "M_SP_TA_1"), (M_DP_NA_1, "M_DP_NA_1"), (M_DP_TA_1, "M_DP_TA_1"),
    (M_ST_NA_1, "M_ST_NA_1"), (M_ST_TA_1, "M_ST_TA_1"), (M_BO_NA_1, "M_BO_NA_1"), (M_BO_TA_1, "M_BO_TA_1"),
    (M_ME_NA_1, "M_ME_NA_1"), (M_ME_TA_1, "M_ME_TA_1"), (M_ME_NB_1, "M_ME_NB_1"), (M_ME_TB_1, "M_ME_TB_1"),
    (M_ME_NC_1, "M_ME_NC_1"), (M_ME_TC_1, "M_ME_TC_1"), (M_IT_NA_1, "M_IT_NA_1"), (M_IT_TA_1, "M_IT_TA_1"),
    (M_EP_TA_1, "M_EP_TA_1"), (M_EP_TB_1, "M_EP_TB_1"), (M_EP_TC_1, "M_EP_TC_1"), (M_PS_NA_1, "M_PS_NA_1"),
    (M_ME_ND_1, "M_ME_ND_1"), (M_SP_TB_1, "M_SP_TB_1"), (M_DP_TB_1, "M_DP_TB_1"), (M_ST_TB_1, "M_ST_TB_1"),
    (M_BO_TB_1, "M_BO_TB_1"), (M_ME_TD_1, "M_ME_TD_1"), (M_ME_TE_1, "M_ME_TE_1"), (M_ME_TF_1, "M_ME_TF_1"),
    (M_IT_TB_1, "M_IT_TB_1"), (M_EP_TD_1, "M_EP_TD_1"), (M_EP_TE_1, "M_EP_TE_1"), (M_EP_TF_1, "M_EP_TF_1"),
    (S_IT_TC_1, "S_IT_TC_1"), (C_SC_NA_1, "C_SC_NA_1"), (C_DC_NA_1, "C_DC_NA_1"), (C_RC_NA_1, "C_RC_NA_1"),
    (C_SE_NA_1, "C_SE_NA_1"), (C_SE_NB_1, "C_SE_NB_1"), (C_SE_NC_1, "C_SE_NC_1"), (C_BO_NA_1, "C_BO_NA_1"),
    (C_SC_TA_1, "C_SC_TA_1"), (C_DC_TA_1, "C_DC_TA_1"), (C_RC_TA_1, "C_RC_TA_1"), (C_SE_TA_1, "C_SE_TA_1"),
    (C_SE_TB_1, "C_SE_TB_1"), (C_SE_TC_1, "C_SE_TC_1"), (C_BO_TA_1, "C_BO_TA_1"), (M_EI_NA_1, "M_EI_NA_1"),
    (C_IC_NA_1, "C_IC_NA_1"), (C_CI_NA_1, "C_CI_NA_1"), (C_RD_NA_1, "C_RD_NA_1"), (C_CS_NA_1, "C_CS_NA_1"),
    (C_TS_NA_1, "C_TS_NA_1"), (C_RP_NA_1, "C_RP_NA_1"), (C_CD_NA_1, "C_CD_NA_1"), (C_TS_TA_1, "C_TS_TA_1"),
    (P_ME_NA_1, "P_ME_NA_1"), (P_ME_NB_1, "P_ME_NB_1"), (P_ME_NC_1, "P_ME_NC_1"), (P_AC_NA_1, "P_AC_NA_1"),
    (F_FR_NA_1, "F_FR_NA_1"), (F_SR_NA_1, "F_SR_NA_1"), (F_SC_NA_1, "F_SC_NA_1"), (F_LS_NA_1, "F_LS_NA_1"),
    (F_AF_NA_1, "F_AF_NA_1"), (F_SG_NA_1, "F_SG_NA_1"), (F_DR_TA_1, "F_DR_TA_1"), (F_SC_NB_1, "F_SC_NB_1"),
  ]
}
