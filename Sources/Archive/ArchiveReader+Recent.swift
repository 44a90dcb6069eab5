import Metering
import Proof

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

extension ArchiveReader {
  /// The heads of sealed days, oldest first: what is to be kept outside the house.
  ///
  /// - Parameter number: of the last one that is known already.
  public func heads(after number: UInt64) throws -> [(number: UInt64, segment: String, bytes: [UInt8])] {
    let store = ManifestStore(layout: layout)
    let news = contents.sealed.filter { $0.value.number > number }.sorted { $0.value.number < $1.value.number }
    return try news.compactMap { name, sealed in
      try store.manifest(of: name).map { (sealed.number, name, Array(Head($0).text.utf8)) }
    }
  }
}
