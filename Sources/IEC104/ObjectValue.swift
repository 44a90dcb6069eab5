/// What an information object says, read as its type has it.
public enum ObjectValue: Hashable, Sendable {
  /// SPI
  case single(Bool)
  /// DPI: 0 indeterminate or intermediate, 1 off, 2 on, 3 indeterminate.
  case double(UInt8)
  /// VTI: −64…63; transient while the equipment moves.
  case step(Int, isTransient: Bool)
  /// BSI
  case bitstring(UInt32)
  /// NVA: 32768 times the value, which lies in −1…1 − 2^−15.
  case normalized(Int16)
  /// SVA
  case scaled(Int16)
  /// R32-IEEE STD 754: may be infinite or not a number.
  case float(Float)
  /// BCR: carry: it has overflowed in this period (CY); adjusted: preset since it was last read (CA).
  case counter(Int32, sequence: UInt8, carry: Bool, adjusted: Bool)
  /// ES of SEP: 0 indeterminate, 1 off, 2 on, 3 indeterminate. The elapsed time is `InformationObject.duration`.
  case protectionEvent(UInt8)
  /// SPE: GS 01, SL1 02, SL2 04, SL3 08, SIE 10, SRD 20.
  case startEvents(UInt8)
  /// OCI: GC 01, CL1 02, CL2 04, CL3 08.
  case outputCircuit(UInt8)
  /// SCD: sixteen points and which of them changed.
  case statusAndChange(status: UInt16, change: UInt16)
  /// COI: 0 power switched on, 1 manual reset, 2 remote reset; 0x80: after a change of parameters.
  case initialization(UInt8)
  /// SCS, DCS or RCS; QU and S/E are in `InformationObject.detail`.
  case command(UInt8)
  /// QOI, QCC, QRP or QPA.
  case qualifier(UInt8)
  /// FBP, TSC, or the milliseconds of a delay.
  case word(UInt16)
  /// There is no value: read command, clock synchronization.
  case nothing
  /// Not looked into (files, private types): so many octets of the ASDU, from that place on.
  case octets(place: Int, count: Int)
}
