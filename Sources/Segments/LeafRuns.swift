import Proof

/// Collects the leaf hashes of one day segment from its sources, in whatever order these come.
struct LeafRuns {
  private struct Run {
    var firstLeaf: Int
    var digests: [Digest]
  }

  private var runs: [Run] = []

  mutating func add(_ digests: [Digest], firstLeaf: Int) { runs.append(Run(firstLeaf: firstLeaf, digests: digests)) }

  /// All hashes by leaf; nil where the sources do not have each leaf once.
  func leaves(_ count: Int) -> [Digest]? {
    var leaves: [Digest] = []
    for run in runs.sorted(by: { $0.firstLeaf < $1.firstLeaf }) {
      guard run.firstLeaf == leaves.count else { return nil }
      leaves += run.digests
    }
    return leaves.count == count ? leaves : nil
  }
}
