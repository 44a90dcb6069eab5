import Metering

extension Settings {
  /// `[[station]]`: an IEC 60870-5-104 controlled station. Its points stand in the definitions of its meters.
  public struct Station: Hashable, Sendable {
    public var id: String
    /// One, or the connections of a redundancy group; 1 to 4, in the order of the file.
    public var endpoints: [Endpoint]
    /// 1 to 65534, to 254 where it has one octet; nil where each point says its own.
    public var commonAddress: UInt16?
    /// How what it sends is read; the same in the definition of each of its meters. An interval of 0 there means that
    /// nothing is asked for at intervals, because no point needs it.
    public var definition: Definition.Station
    public var countersMode: CountersMode
    /// Whether its clock is set after the start of data transfer.
    public var clockSync: Bool
    /// 1 to 16, which are asked for one after the other; empty: the station interrogation.
    public var groups: [Int]
    /// 1 to 4; empty: the general request counter.
    public var counterGroups: [Int]
    /// 0 to 255
    public var originator: UInt8
    /// I format APDUs that may be unacknowledged. 1 to 32767.
    public var k: Int
    /// I format APDUs after which one is acknowledged at the latest. 1 to `k`.
    public var w: Int
    /// Of connection establishment. 1 to 255 s, as are `t1` and `t2`.
    public var t0Milliseconds: Int64
    /// Of send or test APDUs. More than `t2`.
    public var t1Milliseconds: Int64
    /// For acknowledges in case of no data messages.
    public var t2Milliseconds: Int64
    /// For sending test frames in case of a long idle state. More than `t1`, at most 48 h.
    public var t3Milliseconds: Int64
    /// Without anything of a procedure that was begun. 1 s to 10 min.
    public var procedureTimeoutMilliseconds: Int64
    public var tls: TLS?
    public var line: SourceLine
  }

  /// How integrated totals are asked for.
  public enum CountersMode: String, Hashable, Sendable, CaseIterable {
    /// As they are.
    case read
    /// Frozen, then read.
    case freeze
    /// Frozen and set to zero, then read: each is the difference since the last time.
    case freezeReset = "freeze-reset"
  }

  /// `[station.tls]` (IEC 62351-3): files in PEM.
  public struct TLS: Hashable, Sendable {
    /// Of this side, with the chain up to what the station knows.
    public var certificate: String
    /// Of `certificate`.
    public var key: String
    /// Who may have issued the station's certificate.
    public var authorities: String
    /// Revocation lists of all the authorities.
    public var revocations: String?
    /// The name or address that the station's certificate must have; nil: the host of the endpoint.
    public var serverName: String?
  }
}
