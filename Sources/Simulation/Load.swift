import Metering

/// One consumer: a rate (kW, m3/h, t/h) and its integral, both in closed form, both depending on the time alone.
///
/// rate = nominal × (profile of the local week + ripple). The ripple's amplitude is half of the profile's minimum, so
/// the rate is always above zero and the integral grows strictly.
struct Load: Sendable {
  private let nominal: Double
  private let profile: WeekProfile
  private let ripple: Ripple
  private let timeline: LocalTimeline
  /// What the profile's integral has to be corrected by after each change of the local offset.
  private let corrections: [Double]
  private let profileAtStart: Double

  /// - Parameter nominal: the rate at full load.
  init(nominal: Double, shape: WeekProfile.Shape, timeline: LocalTimeline, noise: inout DeterministicNoise) {
    self.nominal = nominal
    let profile = WeekProfile(shape: shape, spread: 0.12, noise: &noise)
    self.profile = profile
    ripple = Ripple(
      amplitude: profile.minimum / 2,
      bandsSeconds: [20...60, 120...360, 600...1800, 2400...6000, 18_000...32_000, 170_000...430_000], noise: &noise)
    self.timeline = timeline
    profileAtStart = profile.integralHours(toLocal: timeline.start.milliseconds + timeline.firstOffset)
    var sum = 0.0
    var corrections = [0.0]
    for change in timeline.changes {
      sum += profile.integralHours(toLocal: change.atMilliseconds + change.before)
      sum -= profile.integralHours(toLocal: change.atMilliseconds + change.after)
      corrections.append(sum)
    }
    self.corrections = corrections
  }

  /// The rate, and the integral in rate × hours since the start; both 0 before the start.
  func sample(at time: Timestamp) -> (rate: Double, integral: Double) {
    guard time >= timeline.start else { return (0, 0) }
    let passed = timeline.changesPassed(at: time)
    let local = time.milliseconds + timeline.offsetMilliseconds(changesPassed: passed)
    let elapsed = time - timeline.start
    let integral = profile.integralHours(toLocal: local) - profileAtStart + corrections[passed]
    return (
      nominal * (profile.value(atLocal: local) + ripple.value(at: elapsed)),
      nominal * (integral + ripple.integralHours(to: elapsed))
    )
  }
}
