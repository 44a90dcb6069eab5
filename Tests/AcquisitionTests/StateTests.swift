import Metering
import Synchronization
import Testing

@testable import Acquisition

private let noon = Timestamp(rfc3339: "2026-11-21T12:00:00Z")!

@Suite struct DeviceStateTests {
  @Test func afterThreeFailuresADeadDeviceIsProbedAtGrowingIntervals() {
    var device = DeviceState()
    var waits: [Int64] = []
    for _ in 0..<9 {
      device.failed("x", at: noon, probeEveryMilliseconds: 60_000, zone: .utc)
      waits.append(device.probeAt.map { ($0 - noon) / 1000 } ?? 0)
    }
    #expect(waits == [0, 0, 60, 120, 240, 480, 600, 600, 600])
  }

  @Test func oneAnswerEndsProbing() {
    var device = DeviceState()
    for _ in 0..<5 { device.failed("x", at: noon, probeEveryMilliseconds: 60_000, zone: .utc) }
    #expect(!device.mayBeTried(at: noon + 1000))
    device.answered()
    #expect(device.mayBeTried(at: noon + 1000) && device.failures == 0)
  }

  @Test func aClockThatStepsBackDoesNotKeepADeviceWaiting() {
    var device = DeviceState()
    for _ in 0..<3 { device.failed("x", at: noon, probeEveryMilliseconds: 60_000, zone: .utc) }
    #expect(device.mayBeTried(at: noon - 86_400_000) && device.mayBeTried(at: noon - 1))
  }

  @Test func theTextTellsHowOftenAndWhenNext() {
    var device = DeviceState()
    let who = "hall-1 unit 7 (rinse-water): no answer in 500 ms"
    device.failed(who, at: noon, probeEveryMilliseconds: 60_000, zone: .utc)
    #expect(device.lastError == who)
    device.failed(who, at: noon, probeEveryMilliseconds: 60_000, zone: .utc)
    device.failed(who, at: noon, probeEveryMilliseconds: 60_000, zone: .utc)
    #expect(device.lastError == "\(who), 3rd time; next try 12:01:00")
  }

  @Test(arguments: [
    (1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (21, "21st"), (112, "112th"),
  ])
  func ordinals(number: Int, text: String) { #expect(DeviceState.ordinal(number) == text) }
}

@Suite struct TrustedClockTests {
  @Test func aClockLaterThanTheLastCommitIsTrusted() {
    let clock = TrustedClock(ManualClock(noon), lastCommit: noon - 1000, isSynchronised: { false })
    #expect(clock.isTrusted && clock.now() == noon)
  }

  @Test func aClockBehindTheLastCommitIsNotUntilTheKernelSaysSo() {
    let base = ManualClock(.epoch)
    let synchronised = Mutex(false)
    let clock = TrustedClock(base, lastCommit: noon, isSynchronised: { synchronised.withLock { $0 } })
    #expect(!clock.isTrusted)
    base.advance(milliseconds: 5000)
    #expect(clock.now() == Timestamp(milliseconds: 5000) && clock.reconsider() == nil)
    // NTP sets the clock: times go on from the old base until the offset is known.
    base.step(milliseconds: noon.milliseconds)
    #expect(clock.now() == Timestamp(milliseconds: 5000))
    synchronised.withLock { $0 = true }
    #expect(clock.reconsider() == noon.milliseconds)
    #expect(clock.isTrusted && clock.now() == noon + 5000)
    #expect(clock.reconsider() == nil)
  }

  @Test func aNewGatewayAt1970IsNotTrusted() {
    let base = ManualClock(.epoch)
    let clock = TrustedClock(base, lastCommit: nil, isSynchronised: { false })
    #expect(!clock.isTrusted)
    base.step(milliseconds: noon.milliseconds)
    #expect(clock.reconsider() == noon.milliseconds && clock.isTrusted)
  }
}
