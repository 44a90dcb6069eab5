import Glibc

/// A sum of sines: smooth, bounded, without memory, and with an integral in closed form.
struct Ripple: Sendable {
  fileprivate struct Wave {
    var amplitude: Double
    var periodMilliseconds: Int64
    var phase: Double
  }

  private let waves: [Wave]

  /// - Parameters:
  ///   - amplitude: the sum of all amplitudes: the ripple never leaves -amplitude...amplitude.
  ///   - bandsSeconds: one sine each, its period drawn from the band.
  init(amplitude: Double, bandsSeconds: [ClosedRange<Double>], noise: inout DeterministicNoise) {
    var waves: [Wave] = []
    for band in bandsSeconds {
      waves.append(
        Wave(
          amplitude: amplitude / Double(max(1, bandsSeconds.count)),
          periodMilliseconds: max(1, Int64(noise.next(in: band) * 1000)), phase: noise.next(in: 0...1)))
    }
    self.waves = waves
  }

  /// - Parameter milliseconds: since any fixed origin.
  func value(at milliseconds: Int64) -> Double {
    var sum = 0.0
    for wave in waves { sum += wave.amplitude * sin(2 * .pi * wave.turns(at: milliseconds)) }
    return sum
  }

  /// Hours × value from the origin to `milliseconds`.
  func integralHours(to milliseconds: Int64) -> Double {
    var sum = 0.0
    for wave in waves {
      let hours = Double(wave.periodMilliseconds) / 3_600_000
      let swing = cos(2 * .pi * wave.phase) - cos(2 * .pi * wave.turns(at: milliseconds))
      sum += wave.amplitude * hours / (2 * .pi) * swing
    }
    return sum
  }
}

extension Ripple.Wave {
  /// The phase in turns. The whole turns are taken off in integers, so it is as precise after ten years as at once.
  fileprivate func turns(at milliseconds: Int64) -> Double {
    let remainder = milliseconds % periodMilliseconds
    return phase + Double(remainder < 0 ? remainder + periodMilliseconds : remainder) / Double(periodMilliseconds)
  }
}
