import Proof
import Testing

@Suite struct MerkleTreeTests {
  /// The leaves and roots that Certificate Transparency's implementations are tested with (transparency-dev/merkle,
  /// testonly/constants.go).
  static let leaves: [[UInt8]] = [
    [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43], Array(0x50...0x57), Array(0x60...0x6f),
  ]
  static let roots = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ]
  static func digests(_ count: Int) -> [Digest] { leaves.prefix(count).map { .sha256([0] + $0) } }

  @Test(arguments: Array(roots.enumerated())) func rootsOfCertificateTransparency(size: Int, root: String) {
    #expect(MerkleTree(leaves: Self.digests(size)).root.hex == root)
    #expect(MerkleTree.root(of: Self.digests(size)).hex == root)
  }

  /// Inclusion proofs of the same source.
  @Test(arguments: [
    (0, 8, ["right 96a296d2", "right 5f083f0a", "right 6b47aaf2"]),
    (5, 8, ["left bc1a0643", "right ca854ea1", "left d37ee418"]),
    (2, 3, ["left fac54203"]),
    (1, 5, ["left 6e340b9c", "right 5f083f0a", "right bc1a0643"]),
    (0, 1, []),
  ])
  func pathsOfCertificateTransparency(leaf: Int, size: Int, steps: [String]) throws {
    let path = try #require(MerkleTree(leaves: Self.digests(size)).path(of: leaf))
    #expect(path.steps.map { "\($0.side.rawValue) \($0.digest.hex.prefix(8))" } == steps)
  }

  @Test func everyPathLeadsToItsRootOnly() throws {
    var random = SeededGenerator(state: 2)
    for size in 1...40 {
      let leaves = (0..<size).map { _ in random.digest() }
      let tree = MerkleTree(leaves: leaves)
      #expect(tree.root == Self.root(leaves[...]))
      #expect(tree.root == MerkleTree.root(of: leaves))
      for leaf in leaves.indices {
        let path = try #require(tree.path(of: leaf))
        #expect(path.leads(from: leaves[leaf], to: tree.root))
        #expect(!path.leads(from: random.digest(), to: tree.root))
        #expect(!path.leads(from: leaves[leaf], to: random.digest()))
        for wrong in wrongPaths(path) { #expect(!wrong.leads(from: leaves[leaf], to: tree.root)) }
      }
      #expect(tree.path(of: size) == nil)
      #expect(tree.path(of: -1) == nil)
    }
    #expect(MerkleTree(leaves: []).path(of: 0) == nil)
  }

  private func wrongPaths(_ path: AuditPath) -> [AuditPath] {
    var wrong = [path, path, path, path]
    wrong[0].leaf += 1
    wrong[1].leaf -= 1
    wrong[2].count = 2 * path.count + 2
    wrong[3].steps.append(.init(side: .left, digest: .zero))
    for place in path.steps.indices {
      var other = path
      other.steps[place].side = other.steps[place].side == .left ? .right : .left
      wrong.append(other)
      other = path
      other.steps.remove(at: place)
      wrong.append(other)
      other = path
      other.steps[place].digest = .zero
      wrong.append(other)
    }
    return wrong
  }

  /// As the RFC defines it, with k the largest power of two smaller than n.
  private static func root(_ leaves: ArraySlice<Digest>) -> Digest {
    guard leaves.count > 1 else { return leaves.first ?? .sha256([]) }
    var k = 1
    while 2 * k < leaves.count { k *= 2 }
    return .sha256([1] + root(leaves.prefix(k)).bytes + root(leaves.dropFirst(k)).bytes)
  }

  @Test(arguments: [(0, 0), (1, 1), (-1, 3), (Int.max, Int.max), (Int.max - 1, Int.max), (0, Int.min)])
  func hostilePathsEnd(leaf: Int, count: Int) {
    let steps = (0..<100).map { _ in AuditPath.Step(side: .left, digest: .zero) }
    #expect(!AuditPath(leaf: leaf, count: count, steps: steps).leads(from: .zero, to: .zero))
    #expect(!AuditPath(leaf: leaf, count: count, steps: []).leads(from: .zero, to: .zero))
  }
}
