import FoundationEssentials
import Metering
import Synchronization
import Threads

/// The hot store: takes observations, commits them in groups, and says when they are on disk.
///
/// `offer` never blocks and never throws: acquisition goes on between commits in bounded memory. Everybody else sees
/// committed observations only.
public final class Archive: Sendable {
  public struct Settings: Sendable {
    public var path: String
    public var site: String
    /// Within this time after an observation was offered it is on disk.
    public var commitEveryMilliseconds: Int64
    /// Identifies the clock of observations that are marked `untrustedClock`.
    public var bootID: String

    public init(path: String, site: String, commitEveryMilliseconds: Int64, bootID: String) {
      self.path = path
      self.site = site
      self.commitEveryMilliseconds = commitEveryMilliseconds
      self.bootID = bootID
    }
  }

  /// The most that waits for a commit; when it is full, `offer` refuses.
  static let windowBytes = 64 * 1024 * 1024

  public let path: String
  public let site: String
  public let bootID: String
  private let inbox = Inbox<Work>()
  private let state: Mutex<State>
  private let lock: ArchiveLock

  enum Work: Sendable {
    /// There is something in the window.
    case wake
    /// Half of the window is taken: what comes now must find room while that is committed.
    case hurry
    /// Runs between commits, with the catalog in hand.
    case run(@Sendable (inout Committer) -> Void)
    /// Commits now and tells whether that worked.
    case flush(@Sendable (Bool) -> Void)
    case stop(@Sendable (Bool) -> Void)
  }

  private struct State {
    /// What waits for the next commit; `committing` more are being written.
    var window: [Observation] = []
    var committing = 0
    /// Of both.
    var windowBytes = 0
    var committingBytes = 0
    var health: ArchiveHealth
    var observers: [@Sendable ([Observation]) -> Void] = []
    var changeObservers: [@Sendable (String?) -> Void] = []
  }

  /// Opens or makes the archive, reads where it stands, and starts the committer's thread. Blocks: call it off the
  /// cooperative threads where that matters.
  public init(_ settings: Settings, clock: any WallClock) throws {
    let layout = ArchiveLayout(root: settings.path)
    path = settings.path
    site = settings.site
    bootID = settings.bootID
    try layout.createDirectories()
    lock = try ArchiveLock(layout)
    let committer = try Committer(layout, settings, clock: clock)
    state = Mutex(State(health: ArchiveHealth(headSeq: committer.headSeq, lastReceived: committer.lastReceived)))
    // Three quarters: `commit_every` is what a power cut can cost, and the commit itself takes time. It also keeps the
    // commit of one second's polls out of the next second's.
    let interval = UInt64(settings.commitEveryMilliseconds) * 750_000
    try OwnThread.start(name: "archive", stackBytes: 1024 * 1024) { [self] in
      commitLoop(committer, intervalNanoseconds: interval, clock: clock)
    }
  }

  /// Hands over an observation; it is on disk after the next commit.
  ///
  /// - Returns: false where the window is full: the slot must be recorded as skipped with reason `archive`.
  public func offer(_ observation: Observation) -> Bool {
    let size = Archive.size(observation)
    let (accepted, news) = state.withLock { state -> (Bool, Work?) in
      guard state.windowBytes + size <= Archive.windowBytes else {
        state.health.windowFull += 1
        return (false, nil)
      }
      let before = state.windowBytes - state.committingBytes
      state.windowBytes += size
      state.window.append(observation)
      if state.window.count == 1 { return (true, .wake) }
      let half = Archive.windowBytes / 2
      return (true, before < half && before + size >= half ? .hurry : nil)
    }
    if let news { inbox.post(news) }
    return accepted
  }

  /// Commits what was offered before.
  ///
  /// - Returns: whether it is on disk; why not stands in `health`.
  public func flush() async -> Bool {
    await withCheckedContinuation { continuation in inbox.post(.flush { continuation.resume(returning: $0) }) }
  }

  /// The same without waiting: `done` is called on the committer's thread, be quick there.
  public func flush(_ done: @escaping @Sendable (Bool) -> Void) { inbox.post(.flush(done)) }

  /// The same as the async `flush`, for threads that may block.
  public func flushBlocking() -> Bool {
    let done = Inbox<Bool>()
    inbox.post(.flush { done.post($0) })
    return done.take()?.first ?? false
  }

  /// Stores definitions that hold from `time` on, where they differ from those in force; no other meter is in service.
  ///
  /// - Parameter changes: by meter, what was declared to hold of other times: `[[meter.change]]`.
  /// - Returns: their SHA-256 in hexadecimal, by meter.
  public func use(
    _ definitions: [Definition], changes: [String: [Definition.Change]] = [:], from time: Timestamp
  ) async throws -> [String: String] {
    let items = try definitions.map { definition in
      let json = try definition.canonicalJSON()
      return (sha256: sha256Hex(json), json: json, definition: definition)
    }
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      inbox.post(
        .run { committer in
          continuation.resume(with: Result { try committer.use(items, changes: changes, from: time) })
        })
    }
    return Dictionary(items.map { ($0.definition.meterID, $0.sha256) }, uniquingKeysWith: { $1 })
  }

  func post(_ body: @escaping @Sendable (inout Committer) -> Void) { inbox.post(.run(body)) }

  /// Calls `observer` after each commit, on the committer's thread: be quick.
  public func onCommit(_ observer: @escaping @Sendable ([Observation]) -> Void) {
    state.withLock { $0.observers.append(observer) }
  }

  /// Calls `observer`, on the committer's thread, with the reason when commits begin to fail or fail otherwise, and with nil
  /// when they work again.
  public func onChange(_ observer: @escaping @Sendable (String?) -> Void) {
    state.withLock { $0.changeObservers.append(observer) }
  }

  public var health: ArchiveHealth {
    state.withLock { state in
      var health = state.health
      health.waiting = state.window.count + state.committing
      return health
    }
  }

  /// Commits what waits and closes the files; nothing may be offered afterwards.
  ///
  /// - Returns: whether everything is on disk; what is not is found missing at the next start.
  @discardableResult
  public func close() async -> Bool {
    await withCheckedContinuation { continuation in inbox.post(.stop { continuation.resume(returning: $0) }) }
  }

  private static func size(_ observation: Observation) -> Int {
    switch observation.content {
    case .poll(let blocks): blocks.reduce(192) { $0 + 64 + $1.bytes.count }
    case .asdu(let asdu): 192 + asdu.bytes.count
    case .interrogation(let interrogation): 192 + 4 * (interrogation.absent?.count ?? 0)
    default: 256
    }
  }

  // MARK: - The committer's thread

  private func commitLoop(_ committer: Committer, intervalNanoseconds: UInt64, clock: any WallClock) {
    var committer = committer
    var deadline: UInt64?
    var ends: [@Sendable (Bool) -> Void] = []
    var stopping = false
    while true {
      let now = clock.monotonicNanoseconds()
      let wait = stopping ? 0 : min(deadline.map { $0 > now ? $0 - now : 0 } ?? 1_000_000_000, 1_000_000_000)
      for work in inbox.take(waitingNanoseconds: wait) ?? [] {
        switch work {
        case .wake: if deadline == nil { deadline = clock.monotonicNanoseconds() + intervalNanoseconds }
        case .hurry: deadline = 0
        case .run(let body): body(&committer)
        case .flush(let done):
          ends.append(done)
          deadline = 0
        case .stop(let done):
          ends.append(done)
          deadline = 0
          stopping = true
        }
      }
      if let due = deadline, clock.monotonicNanoseconds() >= due {
        let committed = commit(&committer)
        if stopping {
          committer.close()
          lock.release()
        }
        for end in ends { end(committed) }
        ends = []
        if stopping { return }
        let again = committed ? intervalNanoseconds : max(intervalNanoseconds, 1_000_000_000)
        let isEmpty = state.withLock { $0.window.isEmpty }
        deadline = isEmpty ? nil : clock.monotonicNanoseconds() + again
      }
      let (sealedDays, sealedThrough) = committer.sealedDays
      state.withLock { state in
        state.health.beats += 1
        state.health.sealedDays = sealedDays
        state.health.sealedThrough = sealedThrough
      }
    }
  }

  /// - Returns: whether everything that was in the window is on disk now.
  private func commit(_ committer: inout Committer) -> Bool {
    // Taken out, not copied: an array that is shared is copied whole by the next `offer`, with all buses waiting.
    var batch = state.withLock { state in
      var batch: [Observation] = []
      batch.reserveCapacity(state.window.count)
      swap(&batch, &state.window)
      state.committing = batch.count
      state.committingBytes = state.windowBytes
      return batch
    }
    if batch.isEmpty { return true }
    let (count, failure) = committer.commit(&batch)
    let rest = count < batch.count ? Array(batch[count...]) : []
    batch.removeLast(rest.count)
    let restBytes = rest.reduce(0) { $0 + Archive.size($1) }
    let (observers, changeObservers) = state.withLock { state in
      let changed = state.health.failure != failure
      if !rest.isEmpty { state.window.insert(contentsOf: rest, at: 0) }
      state.windowBytes -= state.committingBytes - restBytes
      state.committing = 0
      state.committingBytes = 0
      state.health.headSeq = committer.headSeq
      state.health.failure = failure
      if let last = batch.last { state.health.lastReceived = last.received }
      return (state.observers, changed ? state.changeObservers : [])
    }
    for observer in changeObservers { observer(failure) }
    if !batch.isEmpty { for observer in observers { observer(batch) } }
    return failure == nil
  }
}

/// How the archive does.
public struct ArchiveHealth: Sendable, Hashable {
  /// The last sequence number on disk; 0 for an empty archive.
  public var headSeq: UInt64
  /// The gateway's clock at the last observation on disk.
  public var lastReceived: Timestamp?
  /// Observations that wait for a commit.
  public var waiting = 0
  /// How often an observation was refused because the window was full.
  public var windowFull: UInt64 = 0
  /// Why the last commit failed; nil when it did not.
  public var failure: String?
  /// Days that are sealed, and the newest of them.
  public var sealedDays = 0
  public var sealedThrough: String?
  /// Grows while the committer lives; the watchdog looks at it.
  public var beats: UInt64 = 0

  init(headSeq: UInt64, lastReceived: Timestamp?) {
    self.headSeq = headSeq
    self.lastReceived = lastReceived
  }
}
