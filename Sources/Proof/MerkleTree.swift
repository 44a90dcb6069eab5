/// The Merkle tree of RFC 6962 section 2.1 over the leaf hashes of one day.
public struct MerkleTree: Sendable {
  /// From the leaves up; a node without a neighbour goes up as it is, which is the tree of the RFC.
  private let levels: [[Digest]]

  public init(leaves: [Digest]) {
    var levels = [leaves]
    while let level = levels.last, level.count > 1 { levels.append(MerkleTree.parents(of: level)) }
    self.levels = levels
  }

  public var count: Int { levels[0].count }

  public var root: Digest { levels[levels.count - 1].first ?? MerkleTree.emptyRoot }

  /// The root alone, without keeping the levels.
  public static func root(of leaves: [Digest]) -> Digest {
    var level = leaves
    while level.count > 1 { level = parents(of: level) }
    return level.first ?? emptyRoot
  }

  /// What leads from a leaf to the root, from below. Nil for a leaf that is not there.
  public func path(of leaf: Int) -> AuditPath? {
    guard levels[0].indices.contains(leaf) else { return nil }
    var steps: [AuditPath.Step] = []
    for (height, level) in levels.dropLast().enumerated() {
      let place = leaf >> height
      let neighbour = place ^ 1
      guard neighbour < level.count else { continue }
      steps.append(.init(side: neighbour < place ? .left : .right, digest: level[neighbour]))
    }
    return AuditPath(leaf: leaf, count: count, steps: steps)
  }

  /// SHA-256(01 ‖ left ‖ right)
  public static func node(_ left: Digest, _ right: Digest) -> Digest {
    // One update of 65 octets on the stack: a day has tens of thousands of nodes.
    withUnsafeTemporaryAllocation(byteCount: 1 + 2 * Digest.byteCount, alignment: 8) { octets in
      octets[0] = 1
      left.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: octets[1...]).copyMemory(from: $0) }
      right.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(rebasing: octets[(1 + Digest.byteCount)...]).copyMemory(from: $0)
      }
      return Digest.sha256(UnsafeRawBufferPointer(octets))
    }
  }

  /// SHA-256 of nothing.
  public static let emptyRoot = Digest.sha256([])

  private static func parents(of level: [Digest]) -> [Digest] {
    stride(from: 0, to: level.count, by: 2).map { place in
      place + 1 < level.count ? node(level[place], level[place + 1]) : level[place]
    }
  }
}

/// The hashes that lead from one leaf to the root (RFC 6962 section 2.1.1), each with the side on which it stands.
public struct AuditPath: Hashable, Sendable {
  public enum Side: String, Hashable, Sendable {
    case left, right
  }

  public struct Step: Hashable, Sendable {
    public var side: Side
    public var digest: Digest

    public init(side: Side, digest: Digest) {
      self.side = side
      self.digest = digest
    }
  }

  /// Place of the leaf, from 0.
  public var leaf: Int
  /// Leaves of the tree.
  public var count: Int
  public var steps: [Step]

  public init(leaf: Int, count: Int, steps: [Step]) {
    self.leaf = leaf
    self.count = count
    self.steps = steps
  }

  /// Whether the path leads from the leaf at its place to the root of a tree of that size (RFC 9162 section 2.1.3.2).
  public func leads(from digest: Digest, to root: Digest) -> Bool {
    guard count > 0, (0..<count).contains(leaf) else { return false }
    var place = leaf
    var last = count - 1
    var node = digest
    for step in steps {
      // A node without a neighbour goes up as it is.
      while place == last, place & 1 == 0, last > 0 {
        place >>= 1
        last >>= 1
      }
      guard last > 0, step.side == (place & 1 == 1 ? .left : .right) else { return false }
      node = step.side == .left ? MerkleTree.node(step.digest, node) : MerkleTree.node(node, step.digest)
      place >>= 1
      last >>= 1
    }
    while place == last, place & 1 == 0, last > 0 {
      place >>= 1
      last >>= 1
    }
    return last == 0 && node == root
  }
}
