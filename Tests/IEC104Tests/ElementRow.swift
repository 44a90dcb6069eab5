import IEC104
import Testing

/// One information element: its octets, and what they mean.
struct ElementRow: Sendable, CustomTestStringConvertible {
  let type: TypeID
  /// Without address, with time tag.
  let element: [UInt8]
  let value: ObjectValue
  var quality: ObjectQuality = []
  var time: TimeTag = .none
  var duration: UInt16 = 0
  /// Of the fields that `value` does not say: QU and S/E, QL, QPM.
  var detail: UInt8 = 0

  init(
    _ type: TypeID, _ element: String, _ value: ObjectValue, _ quality: ObjectQuality = [], _ time: TimeTag = .none,
    duration: UInt16 = 0, detail: UInt8 = 0
  ) {
    self.type = type
    self.element = octets(element)
    self.value = value
    self.quality = quality
    self.time = time
    self.duration = duration
    self.detail = detail
  }

  var testDescription: String { "\(type) \(hexadecimal(element))" }

  func object(address: UInt32) -> InformationObject {
    InformationObject(
      address: address, value: value, quality: quality, time: time, duration: duration, detail: detail)
  }

  // 59,999 ms; minute 59, valid; hour 23, winter; day 28, Saturday; February; 2026 (IEC 60870-5-101 clause 7.2.6.18).
  private static let long = "5F EA 3B 17 DC 02 1A"
  private static let cp56 = TimeTag(
    CP56Time2a(year: 26, month: 2, day: 28, dayOfWeek: 6, hour: 23, minute: 59, milliseconds: 59_999))
  // 1,000 ms; minute 7, invalid (clause 7.2.6.19).
  private static let short = "E8 03 87"
  private static let cp24 = TimeTag(CP24Time2a(minute: 7, milliseconds: 1000, isInvalid: true))

  /// Process information in monitor direction (IEC 60870-5-101 clause 7.3.1; with CP56Time2a also IEC 60870-5-104 clause 8).
  static let monitor: [ElementRow] = [
    // SIQ: IV NT SB BL 0 0 0 SPI (7.2.6.1)
    .init(.M_SP_NA_1, "00", .single(false)),
    .init(.M_SP_NA_1, "91", .single(true), [.invalid, .blocked]),
    .init(.M_SP_TA_1, "61 " + short, .single(true), [.notTopical, .substituted], cp24),
    .init(.M_SP_TB_1, "80 " + long, .single(false), .invalid, cp56),
    // DIQ: IV NT SB BL 0 0 DPI (7.2.6.2)
    .init(.M_DP_NA_1, "00", .double(0)),
    .init(.M_DP_NA_1, "F1", .double(1), [.invalid, .notTopical, .substituted, .blocked]),
    .init(.M_DP_TA_1, "42 " + short, .double(2), .notTopical, cp24),
    .init(.M_DP_TB_1, "13 " + long, .double(3), .blocked, cp56),
    // VTI: T and seven bits with a sign (7.2.6.5); QDS: IV NT SB BL 0 0 0 OV (7.2.6.3)
    .init(.M_ST_NA_1, "C0 00", .step(-64, isTransient: true)),
    .init(.M_ST_NA_1, "3F 81", .step(63, isTransient: false), [.invalid, .overflow]),
    .init(.M_ST_TA_1, "7F 40 " + short, .step(-1, isTransient: false), .notTopical, cp24),
    .init(.M_ST_TB_1, "85 20 " + long, .step(5, isTransient: true), .substituted, cp56),
    // BSI (7.2.6.13), QDS
    .init(.M_BO_NA_1, "78 56 34 12 80", .bitstring(0x1234_5678), .invalid),
    .init(.M_BO_TA_1, "FF FF FF FF 00 " + short, .bitstring(0xFFFF_FFFF), [], cp24),
    .init(.M_BO_TB_1, "01 00 00 80 10 " + long, .bitstring(0x8000_0001), .blocked, cp56),
    // NVA (7.2.6.6), QDS
    .init(.M_ME_NA_1, "00 80 01", .normalized(-32_768), .overflow),
    .init(.M_ME_NA_1, "FF 7F 00", .normalized(32_767)),
    .init(.M_ME_TA_1, "00 40 00 " + short, .normalized(16_384), [], cp24),
    .init(.M_ME_TD_1, "FF FF 80 " + long, .normalized(-1), .invalid, cp56),
    // SVA (7.2.6.7), QDS
    .init(.M_ME_NB_1, "FF 7F 10", .scaled(32_767), .blocked),
    .init(.M_ME_TB_1, "00 80 01 " + short, .scaled(-32_768), .overflow, cp24),
    .init(.M_ME_TE_1, "18 FC 40 " + long, .scaled(-1000), .notTopical, cp56),
    // R32-IEEE STD 754 (7.2.6.8), QDS
    .init(.M_ME_NC_1, "00 00 C0 3F 00", .float(1.5)),
    .init(.M_ME_NC_1, "00 00 80 7F 01", .float(.infinity), .overflow),
    .init(.M_ME_NC_1, "00 00 80 FF 01", .float(-.infinity), .overflow),
    .init(.M_ME_NC_1, "00 00 00 80 00", .float(-0.0)),
    .init(.M_ME_NC_1, "01 00 00 00 00", .float(Float(bitPattern: 1))),
    .init(.M_ME_TC_1, "00 00 20 C1 20 " + short, .float(-10), .substituted, cp24),
    .init(
      .M_ME_TF_1, "B6 F3 9D 3F F1 " + long, .float(1.234), [.invalid, .notTopical, .substituted, .blocked, .overflow],
      cp56),
    // BCR: 32 bits with a sign; IV CA CY and five bits of sequence (7.2.6.9)
    .init(.M_IT_NA_1, "FF FF FF FF E5", .counter(-1, sequence: 5, carry: true, adjusted: true), .invalid),
    .init(.M_IT_NA_1, "FF FF FF 7F 00", .counter(.max, sequence: 0, carry: false, adjusted: false)),
    .init(.M_IT_NA_1, "00 00 00 80 1F", .counter(.min, sequence: 31, carry: false, adjusted: false)),
    .init(
      .M_IT_TA_1, "40 E2 01 00 20 " + short, .counter(123_456, sequence: 0, carry: true, adjusted: false), [], cp24),
    .init(.M_IT_TB_1, "01 00 00 00 5F " + long, .counter(1, sequence: 31, carry: false, adjusted: true), [], cp56),
    // SEP: IV NT SB BL EI 0 ES (7.2.6.10); CP16Time2a (7.2.6.20)
    .init(
      .M_EP_TA_1, "8A 10 27 " + short, .protectionEvent(2), [.invalid, .elapsedTimeInvalid], cp24, duration: 10_000),
    .init(
      .M_EP_TD_1, "71 5F EA " + long, .protectionEvent(1), [.notTopical, .substituted, .blocked], cp56, duration: 59_999
    ),
    // SPE (7.2.6.11), QDP: IV NT SB BL EI 0 0 0 (7.2.6.4), CP16Time2a
    .init(.M_EP_TB_1, "3F 08 01 00 " + short, .startEvents(0x3F), .elapsedTimeInvalid, cp24, duration: 1),
    .init(.M_EP_TE_1, "15 80 00 01 " + long, .startEvents(0x15), .invalid, cp56, duration: 256),
    // OCI (7.2.6.12), QDP, CP16Time2a
    .init(
      .M_EP_TC_1, "0F F8 02 00 " + short, .outputCircuit(0x0F),
      [.invalid, .notTopical, .substituted, .blocked, .elapsedTimeInvalid], cp24, duration: 2),
    .init(.M_EP_TF_1, "0A 00 FF FF " + long, .outputCircuit(0x0A), [], cp56, duration: 65_535),
    // SCD: ST, then CD (7.2.6.40), QDS
    .init(.M_PS_NA_1, "34 12 78 56 20", .statusAndChange(status: 0x1234, change: 0x5678), .substituted),
    // NVA alone
    .init(.M_ME_ND_1, "01 80", .normalized(-32_767)),
    // AID, BCR (IEC TS 60870-5-7)
    .init(
      .S_IT_TC_1, "34 12 07 00 00 00 81 " + long, .counter(7, sequence: 1, carry: false, adjusted: false), .invalid,
      cp56, duration: 0x1234),
    // COI: 0x80 after a change of parameters, 2 remote reset (7.2.6.21, type: 7.3.3.1)
    .init(.M_EI_NA_1, "82", .initialization(0x82)),
  ]

  /// What is only received, or mirrored, or asked (clauses 7.3.2, 7.3.4, 7.3.5).
  static let control: [ElementRow] = [
    // SCO, DCO, RCO: S/E, QU and the state (7.2.6.15–7.2.6.17, 7.2.6.26)
    .init(.C_SC_NA_1, "85", .command(1), detail: 0x84),
    .init(.C_DC_NA_1, "0E", .command(2), detail: 0x0C),
    .init(.C_RC_NA_1, "01", .command(1)),
    .init(.C_SC_TA_1, "00 " + long, .command(0), [], cp56),
    .init(.C_DC_TA_1, "81 " + long, .command(1), [], cp56, detail: 0x80),
    .init(.C_RC_TA_1, "02 " + long, .command(2), [], cp56),
    // NVA, SVA or R32, and QOS: S/E and QL (7.2.6.39)
    .init(.C_SE_NA_1, "00 C0 80", .normalized(-16_384), detail: 0x80),
    .init(.C_SE_NB_1, "64 00 00", .scaled(100)),
    .init(.C_SE_NC_1, "00 00 C0 3F 01", .float(1.5), detail: 1),
    .init(.C_SE_TA_1, "00 40 00 " + long, .normalized(16_384), [], cp56),
    .init(.C_SE_TB_1, "9C FF 80 " + long, .scaled(-100), [], cp56, detail: 0x80),
    .init(.C_SE_TC_1, "00 00 80 BF 00 " + long, .float(-1), [], cp56),
    .init(.C_BO_NA_1, "EF BE AD DE", .bitstring(0xDEAD_BEEF)),
    .init(.C_BO_TA_1, "01 00 00 00 " + long, .bitstring(1), [], cp56),
    // QOI (7.2.6.22), QCC (7.2.6.23), nothing, CP56Time2a, FBP (7.2.6.14), QRP (7.2.6.27), CP16Time2a, TSC
    .init(.C_IC_NA_1, "14", .qualifier(20)),
    .init(.C_CI_NA_1, "45", .qualifier(0x45)),
    .init(.C_RD_NA_1, "", .nothing),
    .init(.C_CS_NA_1, long, .nothing, [], cp56),
    .init(.C_TS_NA_1, "AA 55", .word(0x55AA)),
    .init(.C_RP_NA_1, "01", .qualifier(1)),
    .init(.C_CD_NA_1, "E8 03", .word(1000)),
    .init(.C_TS_TA_1, "07 00 " + long, .word(7), [], cp56),
    // QPM (7.2.6.24), QPA (7.2.6.25)
    .init(.P_ME_NA_1, "00 40 01", .normalized(16_384), detail: 1),
    .init(.P_ME_NB_1, "64 00 82", .scaled(100), detail: 0x82),
    .init(.P_ME_NC_1, "00 00 C0 3F 43", .float(1.5), detail: 0x43),
    .init(.P_AC_NA_1, "03", .qualifier(3)),
  ]

  static let all = monitor + control
}
