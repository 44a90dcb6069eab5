/// How long the disk lasts.
struct ArchiveSpace {
  /// From then on the status is degraded.
  static let warningDays = 30
  private static let fiveYears = 1826.25

  /// Nil where nothing is known of what comes in.
  let fiveYearBytes: UInt64?
  let freeDays: Int?

  /// - Parameters:
  ///   - sealedDays: days that `disk.sealed` is shared by; the settings alone say nothing of what stations send by themselves.
  ///   - bytesPerSecond: what the hot store takes, by the settings.
  init(_ disk: DiskSpace, sealedDays: Int, _ bytesPerSecond: Double) {
    let hot = bytesPerSecond * 86_400
    // A day that is being sealed is there twice.
    let day = sealedDays > 0 ? Double(disk.sealed) / Double(sealedDays) : hot * ArchiveSpace.sealedShare
    guard day > 0 else {
      (fiveYearBytes, freeDays) = (nil, nil)
      return
    }
    fiveYearBytes = UInt64(day * ArchiveSpace.fiveYears + 2 * hot)
    freeDays = Int(min(max(Double(disk.free) - 2 * hot, 0) / day, 1_000_000))
  }

  /// What a sealed day takes of what it took while it was hot: docs/BENCHMARKS.md has what was measured; this is on the safe side.
  static let sealedShare = 0.4
}
