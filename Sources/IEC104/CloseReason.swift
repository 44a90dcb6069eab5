/// Why a connection ended, or must end now: the rule that was broken.
public enum CloseReason: Hashable, Sendable, CustomStringConvertible {
  /// An APDU did not begin with 0x68.
  case startByte(UInt8)
  /// L outside 4…253.
  case length(UInt8)
  /// An S or U format with an L other than 4.
  case lengthOfControlFrame(UInt8)
  /// Control octets of no format; C1 in the lowest eight bits.
  case controlField(UInt32)
  /// An I format without ASDU.
  case noASDU
  /// N(S) is not V(R): a frame was lost, repeated or turned round.
  case sequenceNumber(expected: UInt16, got: UInt16)
  /// N(R) acknowledges what was not sent, or takes an acknowledgement back.
  case acknowledgement(acknowledged: UInt16, sent: UInt16, got: UInt16)
  /// An I frame where data transfer is stopped: after STOPDT con, or to a controlled station before STARTDT act.
  case dataWhileStopped
  /// An I frame was not acknowledged within t1.
  case t1Information(sendNumber: UInt16)
  /// STARTDT act was not confirmed within t1.
  case t1Start
  /// STOPDT act was not confirmed within t1.
  case t1Stop
  /// TESTFR act was not confirmed within t1.
  case t1Test
  /// No connection within t0.
  case t0
  /// The other side closed.
  case peerClosed
  /// This side closed: its owner wanted so.
  case local
  /// The transport failed; in its words.
  case transport(String)

  init(_ fault: APCIFault) {
    switch fault {
    case .startByte(let byte): self = .startByte(byte)
    case .length(let length): self = .length(length)
    case .lengthOfControlFrame(let length): self = .lengthOfControlFrame(length)
    case .controlField(let octets): self = .controlField(octets)
    }
  }

  /// In words, with the clause of IEC 60870-5-104 where the other side broke one.
  public var description: String {
    switch self {
    case .startByte(let byte): "\(APCIFault.startByte(byte)) (IEC 60870-5-104 clause 5)"
    case .length(let length): "\(APCIFault.length(length)) (IEC 60870-5-104 clause 5)"
    case .lengthOfControlFrame(let length):
      "\(APCIFault.lengthOfControlFrame(length)) (IEC 60870-5-104 clause 5)"
    case .controlField(let octets): "\(APCIFault.controlField(octets)) (IEC 60870-5-104 clause 5)"
    case .noASDU: "an I frame without ASDU (IEC 60870-5-104 clause 5)"
    case .sequenceNumber(let expected, let got):
      "an I frame with N(S) \(got) where \(expected) was next (IEC 60870-5-104 clause 5.1)"
    case .acknowledgement(let acknowledged, let sent, let got):
      "N(R) \(got) outside \(acknowledged)…\(sent), what is acknowledged and what was sent (IEC 60870-5-104 clause 5.1)"
    case .dataWhileStopped: "an I frame while data transfer is stopped (IEC 60870-5-104 clause 5.3)"
    case .t1Information(let number): "no acknowledgement of I frame \(number) within t1 (IEC 60870-5-104 clause 5.1)"
    case .t1Start: "no STARTDT con within t1 (IEC 60870-5-104 clause 5.3)"
    case .t1Stop: "no STOPDT con within t1 (IEC 60870-5-104 clause 5.3)"
    case .t1Test: "no TESTFR con within t1 (IEC 60870-5-104 clause 5.2)"
    case .t0: "no connection within t0"
    case .peerClosed: "the other side closed the connection"
    case .local: "closed by this side"
    case .transport(let words): words
    }
  }
}
