/// The power goes: what of a recorded disk is there afterwards.
struct PowerCut {
  private var random: SplitMix64
  /// What the drive writes at once. The file system's blocks, or those of an old disk.
  private let blockSize: Int

  init(seed: UInt64) {
    random = SplitMix64(seed: seed)
    blockSize = random.next() % 2 == 0 ? 4096 : 512
  }

  /// Everything that is sure, and a random part of what is not.
  mutating func survivors(of disk: RecordedDisk) -> DiskTree {
    var names = disk.durableNames
    for change in disk.pendingNames.prefix(part(of: disk.pendingNames.count)) {
      RecordedDisk.apply(change, to: &names)
    }
    var ids: Set<Int> = []
    for (path, node) in names {
      if case .file(let id) = node, !DiskTree.isVolatile(path) { ids.insert(id) }
    }
    var images: [Int: [UInt8]] = [:]
    var modes: [Int: UInt32] = [:]
    for id in ids.sorted() { (images[id], modes[id]) = image(of: disk.files[id], disk.log) }
    damageBlocksInFlight(&images, disk)
    for path in names.keys.sorted() where DiskTree.isVolatile(path) {
      guard case .file(let id) = names[path] else { continue }
      switch random.next() % 4 {
      case 0: images[id] = []
      case 1: images[id] = garbage(32_768)
      default: names[path] = nil
      }
    }
    return RecordedDisk.tree(of: names) { id in
      RecordedDisk.File(durable: images[id] ?? [], mode: modes[id] ?? 0o644, path: "")
    }
  }

  /// All, nothing, or some of `count` things that go in order.
  private mutating func part(of count: Int) -> Int {
    switch random.next() % 3 {
    case 0: 0
    case 1: count
    default: Int(random.next() % UInt64(count + 1))
    }
  }

  // MARK: - One file

  /// Its size is one that it had since the last sync; of its blocks each has what it had at some time since.
  private mutating func image(of file: RecordedDisk.File, _ log: RecordedLog) -> (octets: [UInt8], mode: UInt32) {
    var image = file.durable
    var mode = file.mode
    if file.pending.isEmpty { return (image, mode) }
    let survivingSizes = part(of: file.pending.count)
    // In 64ths: how likely a block has everything that was written to it.
    let chance = [0, 6, 32, 58, 64][Int(random.next() % 5)]
    var size = file.durable.count
    var writes: [(offset: Int, octets: Range<Int>)] = []
    for (place, change) in file.pending.enumerated() {
      let survives = place < survivingSizes
      switch change {
      case .written(let offset, let octets, _):
        writes.append((offset, octets))
        if survives { size = max(size, offset + octets.count) }
      case .mode(let new): if survives { mode = new }
      case .allocated(let end): if survives { size = max(size, end) }
      case .resized(let new):
        guard survives else { continue }
        write(writes, to: &image, chance: chance, log)
        writes = []
        image.resize(to: new)
        size = new
      }
    }
    write(writes, to: &image, chance: chance, log)
    image.resize(to: size)
    return (image, mode)
  }

  private mutating func write(
    _ writes: [(offset: Int, octets: Range<Int>)], to image: inout [UInt8], chance: Int, _ log: RecordedLog
  ) {
    if chance == 0 { return }
    var touching: [Int: [Int]] = [:]
    for (place, write) in writes.enumerated() where !write.octets.isEmpty {
      let last = (write.offset + write.octets.count - 1) / blockSize
      for block in (write.offset / blockSize)...last { touching[block, default: []].append(place) }
    }
    for block in touching.keys.sorted() {
      guard let places = touching[block] else { continue }
      let isWhole = random.next() % 64 < chance
      let count = isWhole ? places.count : Int(random.next() % UInt64(places.count))
      for place in places.prefix(count) {
        PowerCut.copy(writes[place], to: &image, within: (block * blockSize)..<((block + 1) * blockSize), log)
      }
    }
  }

  /// Carries out the part of a write that lies within some octets of the file.
  private static func copy(
    _ write: (offset: Int, octets: Range<Int>), to image: inout [UInt8], within range: Range<Int>, _ log: RecordedLog
  ) {
    let part = range.clamped(to: write.offset..<(write.offset + write.octets.count))
    if part.isEmpty { return }
    image.grow(to: part.upperBound)
    let source = write.octets.lowerBound + part.lowerBound - write.offset
    image.replaceSubrange(part, with: log.octets[source..<(source + part.count)])
  }

  // MARK: - The block in flight

  /// Some blocks were being written at that moment: torn at any octet, or garbage, the octets around those that were written
  /// included (SQLite's psow=0).
  private mutating func damageBlocksInFlight(_ images: inout [Int: [UInt8]], _ disk: RecordedDisk) {
    var writes: [(id: Int, offset: Int, octets: Range<Int>, order: Int)] = []
    for id in images.keys.sorted() {
      for case .written(let offset, let octets, let order) in disk.files[id].pending where !octets.isEmpty {
        writes.append((id, offset, octets, order))
      }
    }
    if writes.isEmpty { return }
    writes.sort { $0.order < $1.order }
    for _ in 0..<[0, 1, 1, 1, 2, 4][Int(random.next() % 6)] {
      // What was written last, rather.
      let candidates = random.next() % 4 == 0 ? writes[...] : writes.suffix(8)
      let write = candidates[candidates.startIndex + Int(random.next() % UInt64(candidates.count))]
      guard var image = images[write.id] else { continue }
      damage(&image, (write.offset, write.octets), disk.log)
      images[write.id] = image
    }
  }

  private mutating func damage(_ image: inout [UInt8], _ write: (offset: Int, octets: Range<Int>), _ log: RecordedLog) {
    let end = write.offset + write.octets.count
    let block =
      write.offset / blockSize + Int(random.next() % UInt64((end - 1) / blockSize - write.offset / blockSize + 1))
    var whole = (block * blockSize)..<((block + 1) * blockSize)
    let size = image.count
    whole = whole.clamped(to: 0..<max(size, end))
    if whole.upperBound > size {
      // Octets behind the end of a file do not show; whether its new size has reached the disk is open.
      if random.next() % 2 == 0 { image.grow(to: whole.upperBound) } else { whole = whole.clamped(to: 0..<size) }
    }
    if whole.isEmpty { return }
    switch random.next() % 4 {
    case 0:
      let torn = whole.lowerBound + Int(random.next() % UInt64(whole.count))
      PowerCut.copy(write, to: &image, within: whole.lowerBound..<torn, log)
    case 1:
      image.replaceSubrange(whole, with: garbage(whole.count))
      PowerCut.copy(write, to: &image, within: whole, log)
    default: image.replaceSubrange(whole, with: garbage(whole.count))
    }
  }

  /// Anything, or what erased flash and unwritten blocks read as.
  private mutating func garbage(_ count: Int) -> [UInt8] {
    switch random.next() % 4 {
    case 0: return [UInt8](repeating: 0, count: count)
    case 1: return [UInt8](repeating: 0xFF, count: count)
    default: return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
  }
}

/// One seed, one run.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
