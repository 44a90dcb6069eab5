/// The site's mains: what all its meters see alike.
struct Supply: Sendable {
  private let levels: [Ripple]
  private let grid: Ripple

  init(seed: UInt64) {
    var levels: [Ripple] = []
    for phase in 0..<3 {
      var noise = DeterministicNoise(seed: seed, name: "supply/phase-\(phase)")
      levels.append(Ripple(amplitude: 0.02, bandsSeconds: [15...40, 200...900, 20_000...50_000], noise: &noise))
    }
    self.levels = levels
    var noise = DeterministicNoise(seed: seed, name: "supply/frequency")
    grid = Ripple(amplitude: 0.04, bandsSeconds: [10...30, 100...300], noise: &noise)
  }

  /// Of nominal, 0.98...1.02.
  func level(at milliseconds: Int64, phase: Int = 0) -> Double { 1 + levels[phase].value(at: milliseconds) }

  /// Hertz.
  func frequency(at milliseconds: Int64) -> Double { 50 + grid.value(at: milliseconds) }
}
