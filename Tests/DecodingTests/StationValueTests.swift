import IEC104
import Metering
import Testing

/// What one object's octets become (IEC 60870-5-101 clauses 7.2.6 and 7.3.1).
@Suite struct StationValueTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let type: TypeID
    let element: String
    let value: String?
    let quality: Quality
    let flags: String

    init(_ type: TypeID, _ element: String, _ value: String?, _ quality: Quality = .good, _ flags: String = "") {
      (self.type, self.value, self.quality, self.flags) = (type, value, quality, flags)
      let tag =
        switch type.timeTag {
        case .none: ""
        case .cp24: " 00 00 00"
        case .cp56: " " + noonTag
        }
      self.element = element + tag
    }

    var testDescription: String { "\(type) \(element)" }
  }

  static let rows: [Row] = [
    // SPI, clause 7.2.6.1
    Row(.M_SP_NA_1, "00", "0"), Row(.M_SP_NA_1, "01", "1"), Row(.M_SP_TA_1, "01", "1"), Row(.M_SP_TB_1, "01", "1"),
    Row(.M_SP_NA_1, "0E", "0"),
    // DPI, clause 7.2.6.2: 0 and 3 are indeterminate.
    Row(.M_DP_NA_1, "01", "1"), Row(.M_DP_NA_1, "02", "2"), Row(.M_DP_TA_1, "02", "2"), Row(.M_DP_TB_1, "01", "1"),
    Row(.M_DP_NA_1, "00", nil, .bad, "invalid"), Row(.M_DP_TB_1, "03", nil, .bad, "invalid"),
    Row(.M_DP_NA_1, "43", nil, .bad, "invalid+not-topical"),
    // VTI, clause 7.2.6.5
    Row(.M_ST_NA_1, "3F 00", "63"), Row(.M_ST_NA_1, "40 00", "-64"), Row(.M_ST_TA_1, "7F 00", "-1"),
    Row(.M_ST_TB_1, "00 00", "0"), Row(.M_ST_NA_1, "C0 00", "-64", .uncertain, "transient"),
    // BSI, clause 7.2.6.13
    Row(.M_BO_NA_1, "78 56 34 12 00", "305419896"), Row(.M_BO_NA_1, "FF FF FF FF 00", "4294967295"),
    Row(.M_BO_TA_1, "00 00 00 80 00", "2147483648"), Row(.M_BO_TB_1, "01 00 00 00 00", "1"),
    // NVA, clause 7.2.6.6: raw / 2^15
    Row(.M_ME_NA_1, "00 80 00", "-1"), Row(.M_ME_NA_1, "FF 7F 00", "0.999969482421875"),
    Row(.M_ME_NA_1, "01 00 00", "0.000030517578125"), Row(.M_ME_NA_1, "FF FF 00", "-0.000030517578125"),
    Row(.M_ME_TA_1, "00 40 00", "0.5"), Row(.M_ME_TD_1, "00 C0 00", "-0.5"), Row(.M_ME_ND_1, "00 60", "0.75"),
    // SVA, clause 7.2.6.7
    Row(.M_ME_NB_1, "00 80 00", "-32768"), Row(.M_ME_NB_1, "FF 7F 00", "32767"), Row(.M_ME_TB_1, "FF FF 00", "-1"),
    Row(.M_ME_TE_1, "39 30 00", "12345"),
    // R32, clause 7.2.6.8
    Row(.M_ME_NC_1, "CD CC CC 3D 00", "0.1"), Row(.M_ME_NC_1, "00 00 80 4B 00", "16777216"),
    Row(.M_ME_NC_1, "FF FF 7F 7F 00", "34028235e+31"), Row(.M_ME_NC_1, "00 00 00 80 00", "0"),
    Row(.M_ME_NC_1, "01 00 00 00 00", "0.000000000000000000000000000000000000000000001"),
    Row(.M_ME_TC_1, "00 00 20 C1 00", "-10"), Row(.M_ME_TF_1, "C3 F5 48 40 00", "3.14"),
    Row(.M_ME_NC_1, "00 00 C0 7F 00", nil, .bad, "invalid"), Row(.M_ME_NC_1, "01 00 80 FF 00", nil, .bad, "invalid"),
    Row(.M_ME_TF_1, "00 00 80 7F 00", nil, .bad, "invalid"), Row(.M_ME_TF_1, "00 00 80 FF 00", nil, .bad, "invalid"),
    Row(.M_ME_NC_1, "00 00 C0 7F 90", nil, .bad, "blocked+invalid"),
    Row(.M_ME_NC_1, "00 00 C0 7F 01", nil, .bad, "invalid+overflow"),
    // BCR, clause 7.2.6.9
    Row(.M_IT_NA_1, "FF FF FF FF 00", "-1"), Row(.M_IT_NA_1, "00 00 00 80 1F", "-2147483648"),
    Row(.M_IT_TA_1, "FF FF FF 7F 05", "2147483647"), Row(.M_IT_TB_1, "39 30 00 00 20", "12345", .good, "carry"),
    Row(.M_IT_TB_1, "39 30 00 00 40", "12345", .good, "adjusted"),
    Row(.M_IT_NA_1, "39 30 00 00 7F", "12345", .good, "adjusted+carry"),
    Row(.M_IT_NA_1, "39 30 00 00 80", nil, .bad, "invalid"),
    Row(.M_IT_NA_1, "39 30 00 00 E0", nil, .bad, "adjusted+carry+invalid"),
    // ES of SEP, clause 7.2.6.10: 0 and 3 are indeterminate.
    Row(.M_EP_TA_1, "01 10 27", "1"), Row(.M_EP_TD_1, "02 10 27", "2"),
    Row(.M_EP_TD_1, "0A 10 27", "2", .bad, "elapsed"),
    Row(.M_EP_TD_1, "00 10 27", nil, .bad, "invalid"), Row(.M_EP_TA_1, "03 10 27", nil, .bad, "invalid"),
    // SPE and OCI, clauses 7.2.6.11 and 7.2.6.12
    Row(.M_EP_TB_1, "FF 00 10 27", "63"), Row(.M_EP_TE_1, "21 00 10 27", "33"),
    Row(.M_EP_TC_1, "FF 00 10 27", "15"), Row(.M_EP_TF_1, "05 08 10 27", "5", .bad, "elapsed"),
    // SCD, clause 7.2.6.40
    Row(.M_PS_NA_1, "34 12 FF FF 00", "4660"), Row(.M_PS_NA_1, "FF FF 00 00 01", "65535", .bad, "overflow"),
  ]

  @Test(arguments: rows) func valueAndQuality(row: Row) throws {
    let reading = try stationReading(stationPoint("M"), row.type, row.element)
    #expect(reading.value == row.value.map { ExactDecimal($0)! })
    #expect(reading.value?.description == row.value)
    #expect(reading.quality == row.quality)
    #expect(reading.flags.sorted().joined(separator: "+") == row.flags)
    #expect(reading.raw == octets(row.element))
    #expect(reading.origin == ObjectOrigin(type: row.type.rawValue, cause: 3))
    #expect(reading.time == (row.type.timeTag == .none ? noon + 100 : noon))
  }

  @Test func everyTypeOfProcessInformationStandsInTheTable() {
    let monitor = (1...127).map { TypeID(rawValue: $0) }.filter { $0.isMonitor && $0 != .S_IT_TC_1 }
    #expect(Set(monitor) == Set(StationValueTests.rows.map(\.type)))
  }

  /// Bug: an indeterminate state of protection equipment was the good values 0 and 3.
  @Test(arguments: ["00", "03"]) func anIndeterminateEventIsNoValue(octet: String) throws {
    let reading = try stationReading(stationPoint("M_EP"), .M_EP_TA_1, "\(octet) 00 00 00 00 00")
    #expect(reading.value == nil && reading.quality == .bad && reading.flags == ["invalid"] && !reading.raw.isEmpty)
  }

  // MARK: - Every bit of every quality descriptor

  /// The table of the data model, once more.
  private func expected(_ bits: [(UInt8, String, Quality)], _ octet: UInt8) -> (Quality, Set<String>) {
    let set = bits.filter { octet & $0.0 != 0 }
    let quality: Quality =
      set.contains { $0.2 == .bad } ? .bad : set.contains { $0.2 == .uncertain } ? .uncertain : .good
    return (quality, Set(set.map(\.1)))
  }

  private static let upper: [(UInt8, String, Quality)] = [
    (0x80, "invalid", .bad), (0x40, "not-topical", .uncertain), (0x20, "substituted", .uncertain),
    (0x10, "blocked", .uncertain),
  ]
  /// QDS, clause 7.2.6.3
  private static let qds = upper + [(0x01, "overflow", .bad)]
  /// QDP, clause 7.2.6.4
  private static let qdp = upper + [(0x08, "elapsed", .bad)]
  /// Octet 5 of BCR, clause 7.2.6.9
  private static let bcr: [(UInt8, String, Quality)] = [
    (0x80, "invalid", .bad), (0x40, "adjusted", .good), (0x20, "carry", .good),
  ]

  private func check(
    _ type: TypeID, _ bits: [(UInt8, String, Quality)], value: String, _ element: (String) -> String
  ) throws {
    for octet in UInt8.min...UInt8.max {
      let hex = (octet < 16 ? "0" : "") + String(octet, radix: 16)
      let tag = type.timeTag == .cp56 ? " " + noonTag : type.timeTag == .cp24 ? " 00 00 00" : ""
      let reading = try stationReading(stationPoint("M"), type, element(hex) + tag)
      let (quality, flags) = expected(bits, octet)
      #expect(reading.quality == quality, "\(type) \(hex)")
      #expect(Set(reading.flags) == flags && reading.flags.count == flags.count, "\(type) \(hex)")
      #expect(reading.value?.description == (flags.contains("invalid") ? nil : value), "\(type) \(hex)")
      #expect(!reading.raw.isEmpty)
    }
  }

  @Test func everyQDS() throws {
    try check(.M_ME_NC_1, Self.qds, value: "1") { "00 00 80 3F \($0)" }
    try check(.M_ME_TF_1, Self.qds, value: "1") { "00 00 80 3F \($0)" }
    try check(.M_ME_NA_1, Self.qds, value: "0.5") { "00 40 \($0)" }
    try check(.M_ME_TE_1, Self.qds, value: "2") { "02 00 \($0)" }
    try check(.M_BO_NA_1, Self.qds, value: "2") { "02 00 00 00 \($0)" }
    try check(.M_ST_TA_1, Self.qds, value: "2") { "02 \($0)" }
    try check(.M_PS_NA_1, Self.qds, value: "2") { "02 00 00 00 \($0)" }
  }

  @Test func everyQDP() throws {
    try check(.M_EP_TE_1, Self.qdp, value: "2") { "02 \($0) 00 00" }
    try check(.M_EP_TC_1, Self.qdp, value: "2") { "02 \($0) 00 00" }
  }

  @Test func everyFifthOctetOfACounter() throws {
    try check(.M_IT_NA_1, Self.bcr, value: "7") { "07 00 00 00 \($0)" }
    try check(.M_IT_TB_1, Self.bcr, value: "7") { "07 00 00 00 \($0)" }
  }

  /// SIQ and DIQ carry no overflow: their lower bits are the value, or reserved.
  @Test func everySIQAndDIQ() throws {
    for octet in UInt8.min...UInt8.max {
      let hex = (octet < 16 ? "0" : "") + String(octet, radix: 16)
      let (quality, flags) = expected(Self.upper, octet)
      let single = try stationReading(stationPoint("M_SP"), .M_SP_NA_1, hex)
      #expect(single.quality == quality && Set(single.flags) == flags, "\(hex)")
      #expect(single.value == (octet >= 0x80 ? nil : ExactDecimal(octet & 1)), "\(hex)")
      let double = try stationReading(stationPoint("M_DP"), .M_DP_TB_1, "\(hex) \(noonTag)")
      let isSure = octet & 3 == 1 || octet & 3 == 2
      #expect(double.quality == (isSure ? quality : .bad), "\(hex)")
      #expect(Set(double.flags) == (isSure ? flags : flags.union(["invalid"])), "\(hex)")
      #expect(double.value == (octet >= 0x80 || !isSure ? nil : ExactDecimal(octet & 3)), "\(hex)")
    }
  }

  // MARK: - Scale, offset, unit, side

  @Test(
    arguments: [
      ("57 × 0.01", stationPoint("M_ME_NB", scale: "0.01"), "M_ME_NB_1", "39 00 00", "0.57"),
      (
        "Wh to kWh", stationPoint("M_IT", quantity: "energy_active_import", unit: "Wh", kind: .counter, scale: "10"),
        "M_IT_NA_1", "39 30 00 00 00", "123.45"
      ),
      (
        "MWh to kWh",
        stationPoint("M_IT", quantity: "energy_active_import", unit: "MWh", kind: .counter, scale: "0.001"),
        "M_IT_NA_1", "39 30 00 00 00", "12345"
      ),
      (
        "NVA of 400 V", stationPoint("M_ME_NA", quantity: "voltage_l1", unit: "V", scale: "400"), "M_ME_NA_1",
        "01 40 00", "200.01220703125"
      ),
      ("offset after the scale", stationPoint("M_ME_NB", scale: "0.1", offset: "-50"), "M_ME_NB_1", "F4 01 00", "0"),
      ("kelvin", stationPoint("M_ME_NC", quantity: "temperature_flow", unit: "K"), "M_ME_NC_1", "33 93 92 43 00", "20"),
      (
        "pulses",
        stationPoint("M_IT", quantity: "volume", unit: "pulse", kind: .counter, perPulse: "10", pulseUnit: "L"),
        "M_IT_NA_1", "39 30 00 00 00", "123.45"
      ),
      ("a negative scale", stationPoint("M_ME_NC", scale: "-1"), "M_ME_NC_1", "CD CC CC 3D 00", "-0.1"),
    ] as [(String, Definition.StationPoint, String, String, String)])
  func inDecimal(what: String, point: Definition.StationPoint, type: String, element: String, value: String) throws {
    let reading = try stationReading(point, try #require(TypeID(name: type)), element)
    #expect(reading.value?.description == value)
    #expect(reading.quality == .good && reading.flags.isEmpty)
  }

  /// CT 100 : 5, VT 10 000 : 100.
  @Test(
    arguments: [
      ("energy_active_import", "kWh", Definition.Side.secondary, "2000"), ("power_active", "kW", .secondary, "2000"),
      ("current_l1", "A", .secondary, "20"), ("voltage_l1_l2", "V", .secondary, "100"),
      ("power_factor", "1", .secondary, "1"), ("energy_active_import", "kWh", .primary, "1"),
      ("current_l1", "A", .primary, "1"), ("volume", "m3", nil, "1"),
    ] as [(String, String, Definition.Side?, String)])
  func theSecondarySideIsMultipliedByTheRatios(
    quantity: String, unit: String, side: Definition.Side?, value: String
  ) throws {
    let reading = try stationReading(
      stationPoint("M_ME_NC_1", quantity: quantity, unit: unit, side: side), .M_ME_NC_1, "00 00 80 3F 00", ct: "20",
      vt: "100")
    #expect(reading.value?.description == value && reading.quantity == quantity)
  }

  @Test func theOffsetIsOfTheSameSideAsTheValue() throws {
    let point = stationPoint(
      "M_ME_NB", quantity: "current_l1", unit: "A", scale: "0.001", offset: "-4", side: .secondary)
    #expect(try stationReading(point, .M_ME_NB_1, "A0 0F 00", ct: "20").value == .zero)
    #expect(try stationReading(point, .M_ME_NB_1, "88 13 00", ct: "20").value == ExactDecimal(20))
  }

  @Test func moreDigitsThanAreKeptAreInvalidAndNoTrap() throws {
    let point = stationPoint("M_BO", scale: "170141183460469231731687303715884105727")
    #expect(try stationReading(point, .M_BO_NA_1, "01 00 00 00 00").quality == .good)
    let reading = try stationReading(point, .M_BO_NA_1, "02 00 00 00 00")
    #expect(reading.value == nil && reading.quality == .bad && reading.flags == ["invalid"])
  }
}
