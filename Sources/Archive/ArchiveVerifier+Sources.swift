import Metering
import Proof
import Segments

extension Verification.Segment {
  /// What a manifest says of this segment, and the file does not.
  ///
  /// The chunks do not prove the ranges in the index, and queries look only where a range says that something is: the
  /// manifest has to say the same.
  func differences(from manifest: Manifest) -> [String] {
    if manifest.root != root || manifest.leaves != leaves {
      return [
        "segment \(name) is not what its manifest signs: its root is \(root.hex), the manifest's \(manifest.root.hex)"
      ]
    }
    func bounded(_ time: Int64) -> Int64 {
      // What a signed text can hold.
      min(max(time, Timestamp.distantPast.milliseconds), Timestamp.distantFuture.milliseconds)
    }
    let found = Set(
      sources.map {
        Manifest.Source(
          name: $0.name, rows: UInt64($0.rows), firstSeq: $0.seqs.lowerBound, lastSeq: $0.seqs.upperBound,
          firstTime: bounded($0.times.lowerBound), lastTime: bounded($0.times.upperBound))
      })
    let different = found.symmetricDifference(manifest.sources)
    return Set(different.map(\.name)).sorted().map {
      "segment \(name): what its index says of the rows of \($0) is not what its manifest signs"
    }
  }
}
