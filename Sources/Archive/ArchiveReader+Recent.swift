import Metering

extension ArchiveReader {
  /// How far back what stations sent last is looked for.
  private static let recentLookBack: UInt64 = 20_000

  /// What stations sent last before the present run, oldest first, by station: they may send it again. Blocks.
  ///
  /// - Parameter head: the last sequence number before the present run.
  public static func recentASDUs(path: String, throughSeq head: UInt64) throws -> [String: [ReceivedASDU]] {
    if head == 0 { return [:] }
    let reader = try ArchiveReader(path: path)
    var recent: [String: [ReceivedASDU]] = [:]
    try reader.forEachEntry(seqs: (head > recentLookBack ? head - recentLookBack : 1)...head) { entry in
      if case .asdu(let asdu) = entry.observation.content {
        recent[entry.observation.meterID, default: []].append(asdu)
      }
    }
    return recent
  }
}
