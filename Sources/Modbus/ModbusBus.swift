import ModbusProtocol
import Synchronization
import Threads

/// One bus on a thread of its own: every reply verified before it counts.
public actor ModbusBus {
  public nonisolated let settings: BusSettings
  private nonisolated let executor: ThreadExecutor
  private nonisolated let wake: WakeUp
  private nonisolated let statistics = Mutex(BusStatistics())
  private var line: any Line

  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// - Throws: where the machine has no thread or descriptor to give. The link itself is opened at the first request.
  public init(settings: BusSettings) throws {
    self.settings = settings
    executor = try ThreadExecutor(name: "bus-\(settings.id)")
    let wake = try WakeUp()
    self.wake = wake
    switch settings.transport {
    case .tcp(let host, let port):
      let channel = SocketChannel(host: host, port: port, acknowledgesAtOnce: settings.pipeline > 1, wake: wake)
      line = TCPLine(channel, settings: settings)
    case .rtu(let device, let format, let rs485):
      let channel = SerialChannel(device: device, format: format, rs485: rs485, wake: wake)
      line = RTULine(channel, settings: settings, format: format)
    case .rtuOverTCP(let host, let port, let format):
      line = RTULine(SocketChannel(host: host, port: port, wake: wake), settings: settings, format: format)
    }
  }

  // The link closes with the line. An `isolated deinit` would do the same, but no optimised client of this room compiles
  // with it (Swift 6.3.1: "circular reference").
  deinit { executor.stop() }

  /// One request and its verified reply. Blocks the bus's own thread, nothing else.
  ///
  /// Run loops of many requests inside `withBus`: an actor hop per request would cost 40 %.
  public func read(_ request: ReadRequest, unitID: UInt8) -> ReadResult {
    ask([Ask(.read(request), of: Device(unitID: unitID))])[0].result
  }

  /// Questions and their answers, in the same order; at once where the bus has a `pipeline`, else one after the other.
  public func ask(_ asks: [Ask]) -> [Answer] {
    var answers = asks.map { _ in Answer(.failed(.stopped)) }
    if wake.isStopped { return answers }
    var begun = Monotonic.nanoseconds()
    line.transact(asks) { place, answer in
      answers[place] = answer
      let now = Monotonic.nanoseconds()
      statistics.withLock {
        $0.add(asks[place], answer, occupiedNanoseconds: now - begun, format: settings.format)
      }
      begun = now
    }
    let (staleReplies, isUp, advice) = (line.staleReplies, line.isOpen, line.advice)
    statistics.withLock {
      $0.staleReplies = staleReplies
      $0.isUp = isUp
      $0.advice = advice
    }
    return answers
  }

  /// Nothing waits at the moment: a connection that others want as well is given back.
  public func rest() {
    guard settings.connectsPerCycle, line.isOpen else { return }
    line.close()
  }

  /// Shows every byte that goes over the bus from now on; nil: no longer.
  public func trace(_ trace: (@Sendable (BusTrace) -> Void)?) { line.setTrace(trace) }

  /// Runs a loop on the bus's thread.
  public func withBus<Result: Sendable>(_ body: @Sendable (isolated ModbusBus) -> Result) -> Result { body(self) }

  /// The counters after the latest request; readable while a request is under way.
  public nonisolated var currentStatistics: BusStatistics { statistics.withLock { $0 } }

  /// Ends a request that is under way and refuses further ones; the link is closed with the actor.
  public nonisolated func stop() { wake.stop() }

  /// Closes the link, so that another process can have it.
  public func close() { line.close() }
}

/// The way to the devices of one bus. Used from the bus's thread only.
protocol Line {
  var isOpen: Bool { get }
  var advice: String? { get }
  /// Late replies thrown away so far.
  var staleReplies: UInt64 { get }
  /// Asks, and hands over each answer as soon as it is there, by its place among the asks.
  mutating func transact(_ asks: [Ask], _ answered: (Int, Answer) -> Void)
  mutating func setTrace(_ trace: (@Sendable (BusTrace) -> Void)?)
  mutating func close()
}
