import ModbusProtocol
import Synchronization
import Threads

/// One bus on a thread of its own: one transaction at a time, every reply verified before it counts.
public actor ModbusBus {
  public nonisolated let settings: BusSettings
  private nonisolated let executor: ThreadExecutor
  private nonisolated let wake: WakeUp
  private nonisolated let published = Mutex(BusStatistics())
  private var line: any Line
  private var statistics = BusStatistics()

  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// - Throws: where the machine has no thread or descriptor to give. The link itself is opened at the first request.
  public init(settings: BusSettings) throws {
    self.settings = settings
    executor = try ThreadExecutor(name: "bus-\(settings.id)")
    let wake = try WakeUp()
    self.wake = wake
    switch settings.transport {
    case .tcp(let host, let port): line = TCPLine(host: host, port: port, settings: settings, wake: wake)
    case .rtu(let device, let baud, let parity, let stopBits):
      line = SerialLine(
        device: device, baud: baud, parity: parity, stopBits: stopBits, settings: settings, wake: wake)
    }
  }

  isolated deinit {
    line.close()
    executor.stop()
  }

  /// One request and its verified reply. Blocks the bus's own thread, nothing else.
  ///
  /// Run loops of many requests inside `withBus`: an actor hop per request would cost 40 %.
  public func read(_ request: ReadRequest, unitID: UInt8) -> ReadResult {
    let result = wake.isStopped ? .failed(.stopped) : line.transact(request, unitID: unitID)
    statistics.requests += 1
    statistics.staleReplies += UInt64(line.takeStaleReplies())
    statistics.isUp = line.isOpen
    switch result {
    case .data:
      statistics.good += 1
      statistics.linkError = nil
    case .exception: statistics.exceptions += 1
    case .failed(.timeout): statistics.timeouts += 1
    case .failed(.crc): statistics.crcErrors += 1
    case .failed(.malformed): statistics.malformed += 1
    case .failed(.link(let why)):
      statistics.linkFailures += 1
      statistics.linkError = why
    case .failed(.stopped), .failed(.held): statistics.requests -= 1
    }
    published.withLock { $0 = statistics }
    return result
  }

  /// Runs a loop on the bus's thread.
  public func withBus<Result: Sendable>(_ body: @Sendable (isolated ModbusBus) -> Result) -> Result { body(self) }

  /// The counters after the latest request; readable while a request is under way.
  public nonisolated var currentStatistics: BusStatistics { published.withLock { $0 } }

  /// Ends a request that is under way and refuses further ones; the link is closed with the actor.
  public nonisolated func stop() { wake.stop() }

  /// Closes the link, so that another process can have it.
  public func close() { line.close() }
}

/// The way to the devices of one bus. Used from the bus's thread only.
protocol Line {
  var isOpen: Bool { get }
  mutating func transact(_ request: ReadRequest, unitID: UInt8) -> ReadResult
  /// Late replies thrown away since the last call.
  mutating func takeStaleReplies() -> Int
  mutating func close()
}
