import Dispatch
import Synchronization

/// Runs the jobs of one actor on a thread of its own.
public final class ThreadExecutor: SerialExecutor {
  private let jobs = Mutex<(queue: [UnownedJob], stopped: Bool)>(([], false))
  private let signal = DispatchSemaphore(value: 0)

  public init(name: String) throws {
    try OwnThread.start(name: name) { [self] in
      let me = asUnownedSerialExecutor()
      while true {
        signal.wait()
        let (batch, stopped) = jobs.withLock { state in
          defer { state.queue.removeAll(keepingCapacity: true) }
          return (state.queue, state.stopped)
        }
        for job in batch { job.runSynchronously(on: me) }
        if stopped && batch.isEmpty { return }
      }
    }
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    let unowned = UnownedJob(job)
    jobs.withLock { $0.queue.append(unowned) }
    signal.signal()
  }

  /// Lets the thread end once its jobs are done. Call it when the actor will get no more work.
  public func stop() {
    jobs.withLock { $0.stopped = true }
    signal.signal()
  }
}
