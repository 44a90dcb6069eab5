/// APDUs as a station writes them (IEC 60870-5-104 clause 5).
enum Frames {
  static let startActivation: [UInt8] = [0x68, 4, 0x07, 0, 0, 0]
  static let startConfirmation: [UInt8] = [0x68, 4, 0x0B, 0, 0, 0]
  static let stopActivation: [UInt8] = [0x68, 4, 0x13, 0, 0, 0]
  static let stopConfirmation: [UInt8] = [0x68, 4, 0x23, 0, 0, 0]
  static let testActivation: [UInt8] = [0x68, 4, 0x43, 0, 0, 0]
  static let testConfirmation: [UInt8] = [0x68, 4, 0x83, 0, 0, 0]

  static func i(_ sendNumber: Int, _ receiveNumber: Int = 0, _ asdu: [UInt8]) -> [UInt8] {
    [
      0x68, UInt8(4 + asdu.count), UInt8(sendNumber << 1 & 0xFE), UInt8(sendNumber >> 7 & 0xFF),
      UInt8(receiveNumber << 1 & 0xFE), UInt8(receiveNumber >> 7 & 0xFF),
    ] + asdu
  }

  static func s(_ receiveNumber: Int) -> [UInt8] {
    [0x68, 4, 1, 0, UInt8(receiveNumber << 1 & 0xFE), UInt8(receiveNumber >> 7 & 0xFF)]
  }

  /// M_ME_NB_1, spontaneous, one scaled value.
  static func value(_ value: UInt16, address: UInt16 = 47) -> [UInt8] {
    [
      11, 1, 3, 0, UInt8(address & 0xFF), UInt8(address >> 8), 1, 0, 0, UInt8(value & 0xFF), UInt8(value >> 8), 0,
    ]
  }

  /// M_EI_NA_1.
  static let endOfInitialization: [UInt8] = [70, 1, 4, 0, 47, 0, 0, 0, 0, 0]

  /// C_IC_NA_1 with this cause: 6 activation, 7 confirmation, 10 termination.
  static func interrogation(cause: UInt8) -> [UInt8] { [100, 1, cause, 0, 47, 0, 0, 0, 0, 20] }
}
