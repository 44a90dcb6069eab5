/// What a controlling station asks one controlled station for, without I/O (IEC 60870-5-101 clause 7.4, IEC 60870-5-5 clause 6).
///
/// After each start of data transfer, and after each end of initialization, it runs `startup` for every common address, one
/// procedure after the other. Requests from outside run side by side with that, at most one of each sort (general, counter, read, clock,
/// test) for a common address. A broadcast address is answered by real ones and counts as all of them.
public struct Procedures: Sendable {
  public enum CounterMode: Hashable, Sendable {
    /// Asks for the totals.
    case read
    /// Freezes, awaits the confirmation, then asks.
    case freeze
    /// Freezes and resets, awaits the confirmation, then asks. Sent once for a request, whatever happens; where its totals have not been
    /// fetched completely the next such request only fetches them: a second reset would lose energy.
    case freezeReset
  }

  public enum Kind: Hashable, Sendable {
    /// 20: station, 21…36: group 1…16.
    case general(qualifier: UInt8)
    /// 1…4: group, 5: general.
    case counter(CounterMode, qualifier: UInt8)
    case read(objectAddress: UInt32)
    case clockSynchronization
    case test
  }

  public struct Request: Hashable, Sendable {
    public var kind: Kind
    public var commonAddress: UInt16
    /// The asker's; 0 for what starts by itself (start-up, end of initialization).
    public var id: UInt64

    public init(kind: Kind, commonAddress: UInt16, id: UInt64) {
      self.kind = kind
      self.commonAddress = commonAddress
      self.id = id
    }
  }

  public enum Outcome: Hashable, Sendable {
    /// Terminated, or answered, by the station.
    case complete
    /// The totals came and were terminated, but the freeze before was not confirmed: of which time they are, and whether they were
    /// reset, is not known.
    case freezeUnconfirmed
    /// The station's cause (44…47), or its negative confirmation.
    case refused(CauseOfTransmission, isNegative: Bool)
    /// Nothing came for the time allowed; carries what was awaited: "the confirmation", "the termination", ….
    case timedOut(String)
    case linkLost
    /// The same is running or waiting already.
    case alreadyRunning
    /// It was not sent; carries why.
    case notSent(String)
  }

  public enum Action: Hashable, Sendable {
    case send(OutgoingASDU)
    /// Send C_CS_NA_1 with the time of the moment; without a time call `notSent`.
    case sendClock(commonAddress: UInt16)
    /// Send C_TS_TA_1 with this counter and the time of the moment.
    case sendTest(counter: UInt16, commonAddress: UInt16)
    /// The request's kind is what is done: `.counter(.read, …)` for a reset that would have been a blind second one.
    case began(Request)
    /// Also for requests that never began.
    case ended(Request, Outcome)
    case endOfInitialization(commonAddress: UInt16)
  }

  public struct Parameters: Hashable, Sendable {
    public var commonAddresses: [UInt16]
    /// For each common address, in order. A station that is frozen with reset best has `.counter(.read, …)` here: what was frozen last,
    /// perhaps by a program that was killed before it had fetched it.
    public var startup: [Kind]
    public var format: ASDUFormat
    public var originator: UInt8
    /// Without any answer to a procedure; each one starts it again.
    public var inactivityMilliseconds: Int

    public init(
      commonAddresses: [UInt16], startup: [Kind], format: ASDUFormat = .standard, originator: UInt8 = 0,
      inactivityMilliseconds: Int = 60_000
    ) {
      self.commonAddresses = commonAddresses
      self.startup = startup
      self.format = format
      self.originator = originator
      self.inactivityMilliseconds = inactivityMilliseconds
    }
  }

  public let parameters: Parameters
  let timeout: UInt64
  var isStarted = false
  var running: [Running] = []
  /// In order of arrival.
  var waiting: [Request] = []
  var actions: [Action] = []
  /// Common addresses that have not answered anything of their start-up yet.
  var unanswered: Set<UInt16> = []
  /// Totals that were reset and not fetched since, by common address: bit 0…3: group 1…4; bit 4: those of no group.
  var unfetched: [UInt16: UInt8] = [:]
  var lastTest: UInt16 = 0
  /// Requests that may wait.
  static let waitingLimit = 1_000

  public init(_ parameters: Parameters) {
    self.parameters = parameters
    timeout = UInt64(min(max(parameters.inactivityMilliseconds, 1), 1 << 32)) * 1_000_000
  }

  /// Data transfer was started on a link: starts from the beginning.
  public mutating func linkStarted(at now: UInt64) {
    linkLost(at: now)
    isStarted = true
    for address in parameters.commonAddresses { waitForStartup(of: address) }
    beginWaiting(at: now)
  }

  /// The link that carried data is lost or stopped: what runs or was asked for ends with `.linkLost`; start-up procedures that
  /// had not begun are forgotten.
  public mutating func linkLost(at now: UInt64) {
    isStarted = false
    let ended = running.map(\.request) + waiting.filter { $0.id != 0 }
    running.removeAll()
    waiting.removeAll()
    unanswered = Set(parameters.commonAddresses)
    actions += ended.map { .ended($0, .linkLost) }
  }

  /// Asks for a procedure. It may wait for another one of its sort and common address.
  public mutating func request(_ request: Request, at now: UInt64) {
    if !isStarted {
      actions.append(.ended(request, .linkLost))
    } else if request.id != 0, (running.map(\.request) + waiting).contains(where: { $0.isSame(as: request) }) {
      actions.append(.ended(request, .alreadyRunning))
    } else if waiting.count >= Procedures.waitingLimit {
      actions.append(.ended(request, .notSent("too many requests wait")))
    } else {
      waiting.append(request)
      beginWaiting(at: now)
    }
  }

  /// What an action said to send could not be sent.
  public mutating func notSent(_ kind: Kind, commonAddress: UInt16, because words: String, at now: UInt64) {
    guard
      let place = running.firstIndex(where: {
        $0.request.kind.sort == kind.sort && $0.request.commonAddress == commonAddress
      })
    else { return }
    end(place, .notSent(words))
    beginWaiting(at: now)
  }

  /// Ends what has timed out: call it at `nextDeadline`.
  public mutating func tick(at now: UInt64) {
    while let place = running.firstIndex(where: { now >= $0.deadline }) { timeOut(place, at: now) }
    beginWaiting(at: now)
  }

  public var nextDeadline: UInt64? {
    // Asked after every ASDU: no array is made for it.
    running.isEmpty ? nil : running.reduce(.max) { min($0, $1.deadline) }
  }

  /// What is to be done since the last call, in order.
  public mutating func takeActions() -> [Action] {
    guard !actions.isEmpty else { return [] }
    defer { actions.removeAll(keepingCapacity: true) }
    return actions
  }
}
