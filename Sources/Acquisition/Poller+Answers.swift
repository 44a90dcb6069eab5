import Metering
import Modbus
import ModbusProtocol
import Schedule

extension Poller {
  /// A busy device is asked again so often in one slot, after 100, 200, 400 … ms.
  static let busyTries = 5
  static let busyPauseNanoseconds: UInt64 = 100_000_000

  /// What an answer means for the poll and for the device. "The meter refused" is never mixed up with "the link failed".
  mutating func take(
    _ answer: Answer, _ place: Int, _ job: inout PollJob, at now: Moment, arrivedAt: Timestamp
  ) {
    guard let meter = job.plan else { return }
    let request = job.requests[place]
    let unitID = meter.device.unitID
    var device = devices[unitID] ?? DeviceState()
    let before = device
    let who = ErrorText.who(plan.settings, meter)
    switch answer.result {
    case .data:
      device.answered()
      job.settle(place, answer.result)
      job.answeredAt = arrivedAt
      if let turnaround = answer.turnaroundNanoseconds {
        meters[job.meterID]?.requests.observe(turnaroundNanoseconds: turnaround)
      }
    case .exception(let code) where (code == 5 || code == 6) && mayWait(job, meter, at: now):
      // Not ready yet: others have their turn meanwhile.
      device.answered()
      job.keepAttempt(place, answer.result)
      job.readyAtNanoseconds = now.nanoseconds + Poller.busyPauseNanoseconds << UInt64(job.busyTimes)
      job.busyTimes += 1
    case .exception(let code) where code == 10 || code == 11:
      job.settle(place, answer.result)
      fail(&device, &job, "\(who): \(ErrorText.exception(code, request))", meter, at: now)
    case .exception(let code):
      let text = "\(who): \(ErrorText.exception(code, request))"
      device.refused(text, at: now.wall)
      if meters[job.meterID]?.requests.isNew(code, to: request) == true { add(.warn(text)) }
      if code == 2 || code == 3,
        let (cuts, parts) = meters[job.meterID]?.requests.split(request, of: meter, at: job.slot)
      {
        add(.tell("\(who): asked in \(parts.count) parts from now on"))
        job.split(place, answer.result, cuts: cuts, parts: parts)
      } else {
        job.settle(place, answer.result)
      }
    case .failed(.link(let why)):
      device.unreachable("\(who): \(why)", at: now.wall)
      job.settle(place, answer.result)
      job.hasFailed = true
    case .failed(.held(let nanoseconds)) where leavesTime(nanoseconds, job, meter, at: now):
      job.readyAtNanoseconds = now.nanoseconds + nanoseconds
    case .failed(.held):
      job.settle(place, answer.result)
      job.hasFailed = true
    case .failed(.stopped): job.isStopped = true
    case .failed(let failure):
      // A device that has answered so far gets a second chance within its slot, when the others had their turn: unless what
      // has been read already would have to wait for it too long.
      let pause = plan.settings.format == nil ? 0 : UInt64(plan.settings.lateWindowMilliseconds) * 1_000_000
      let mayWait = leavesTime(pause, job, meter, at: now) && (job.answeredAt == nil || pause <= 1_000_000_000)
      let again = soundUnits.contains(unitID) && (job.isBeingRetried || !job.hasBeenRetried && mayWait)
      fail(&device, &job, "\(who): \(ErrorText.failure(failure, plan.settings, meter.device))", meter, at: now)
      if again {
        job.keepAttempt(place, answer.result)
        job.hasFailed = false
        job.hasBeenRetried = true
        job.isBeingRetried = true
        job.readyAtNanoseconds = now.nanoseconds + max(pause, 1_000_000)
      } else {
        job.settle(place, answer.result)
      }
    }
    devices[unitID] = device
    tellChange(who, before, device)
  }

  private mutating func fail(
    _ device: inout DeviceState, _ job: inout PollJob, _ why: String, _ meter: MeterPlan, at now: Moment
  ) {
    if failedUnits.insert(meter.device.unitID).inserted {
      device.failed(
        why, at: now.wall, probeEveryMilliseconds: plan.probeEveryMilliseconds, zone: meter.slots.zone)
    }
    job.hasFailed = true
  }

  private func mayWait(_ job: PollJob, _ meter: MeterPlan, at now: Moment) -> Bool {
    job.busyTimes < Poller.busyTries
      && leavesTime(Poller.busyPauseNanoseconds << UInt64(job.busyTimes), job, meter, at: now)
  }

  /// Whether the next slot is further away than that.
  private func leavesTime(_ nanoseconds: UInt64, _ job: PollJob, _ meter: MeterPlan, at now: Moment) -> Bool {
    now.wall + Int64(nanoseconds / 1_000_000) < job.slot + meter.slots.everyMilliseconds
  }

  private mutating func tellChange(_ who: String, _ before: DeviceState, _ after: DeviceState) {
    if !before.isReachable, after.isReachable {
      add(.tell("\(who): the link is back"))
    } else if !after.isReachable {
      if before.isReachable, let text = after.lastError { add(.warn(text)) }
    } else if before.failures > 0, after.failures == 0 {
      add(.tell("\(who): answers again after \(before.failures) failed attempts"))
    } else if after.failures > before.failures {
      if after.failures == 1 || after.failures == DeviceState.failuresBeforeProbing, let text = after.lastError {
        add(.warn(text))
      }
    }
  }
}
