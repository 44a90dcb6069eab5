import TestSupport

/// Replays a log up to any place, and knows at each place what the disk surely holds and what it may hold.
///
/// The model, that of a journaling file system (ext4) with nothing given away:
/// - The octets and the size of a file are sure once that file was synced. Of what was written since, each block may or may not
///   have reached the disk, whatever the order.
/// - Names keep their order: of creating, renaming, removing what was not synced, some first part survives. A name is sure once its
///   directory was synced after the change (or another directory after a later change); syncing the file does not do it.
struct RecordedDisk {
  /// One file, whatever its names.
  struct File {
    /// As of the last sync.
    var durable: [UInt8]
    var mode: UInt32
    /// Since then, in order.
    var pending: [Change] = []
    /// Where it was created or last renamed to.
    var path: String
  }

  enum Change {
    /// `order`: the operation's place in the log.
    case written(offset: Int, octets: Range<Int>, order: Int)
    case resized(Int)
    case allocated(Int)
    case mode(UInt32)
  }

  enum Node: Hashable {
    case directory
    case file(Int)
  }

  struct NameChange {
    enum Kind {
      case added(String, Node)
      case removed(String)
      case renamed(String, String)
    }
    let kind: Kind
    /// The directories that it stands in.
    var directories: [String] {
      switch kind {
      case .added(let path, _), .removed(let path): [RecordedDisk.parent(path)]
      case .renamed(let from, let to): [RecordedDisk.parent(from), RecordedDisk.parent(to)]
      }
    }
  }

  /// Syncs that the replay takes for not done: with one of them left out the harness must find losses.
  enum IgnoredSyncs: Hashable, Sendable {
    case none
    case directories
    case files(ending: String)

    func ignores(file path: String) -> Bool {
      if case .files(let ending) = self { path.hasSuffix(ending) } else { false }
    }
  }

  let log: RecordedLog
  private let ignored: IgnoredSyncs
  /// How many operations were carried out.
  private(set) var position = 0
  private(set) var files: [File] = []
  private(set) var durableNames: [String: Node] = [:]
  private(set) var pendingNames: [NameChange] = []
  private var names: [String: Node] = [:]
  private var filesByInode: [UInt64: Int] = [:]
  private var directoriesByInode: [UInt64: String] = [:]

  /// - Parameter base: what surely lay there when the recording began.
  init(_ log: RecordedLog, base: DiskTree = DiskTree(), ignoring ignored: IgnoredSyncs = .none) {
    self.log = log
    self.ignored = ignored
    for directory in base.directories { names[directory] = .directory }
    for (path, octets) in base.files {
      names[path] = .file(files.count)
      files.append(File(durable: octets, mode: base.modes[path] ?? 0o644, path: path))
    }
    names[""] = .directory
    durableNames = names
  }

  mutating func advance(to end: Int) throws {
    while position < end {
      try carryOut(log.operations[position])
      position += 1
    }
  }

  /// What a process sees that reads now.
  var visible: DiskTree {
    RecordedDisk.tree(of: names.filter { !DiskTree.isVolatile($0.key) }) { id in
      var file = files[id]
      for change in file.pending { RecordedDisk.apply(change, log, to: &file) }
      return file
    }
  }

  static func tree(of names: [String: Node], _ content: (Int) -> File) -> DiskTree {
    var tree = DiskTree()
    for (path, node) in names where !path.isEmpty {
      switch node {
      case .directory: tree.directories.insert(path)
      case .file(let id):
        let file = content(id)
        (tree.files[path], tree.modes[path]) = (file.durable, file.mode)
      }
    }
    return tree
  }

  static func parent(_ path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
  }

  // MARK: - Operations

  private mutating func carryOut(_ operation: RecordedLog.Operation) throws {
    switch operation {
    case .opened(let path, let inode):
      switch names[path] {
      case .directory: directoriesByInode[inode] = path
      case .file(let id): filesByInode[inode] = id
      case nil: throw TestSupportError("\(path) was opened, but nothing in the log had made it")
      }
    case .created(let path, let inode, let mode):
      // A number is used again when the file that had it is gone.
      directoriesByInode[inode] = nil
      filesByInode[inode] = files.count
      change(.init(kind: .added(path, .file(files.count))))
      files.append(File(durable: [], mode: mode, path: path))
    case .written(let inode, let offset, let octets):
      try append(.written(offset: offset, octets: octets, order: position), to: inode)
    case .resized(let inode, let size): try append(.resized(size), to: inode)
    case .allocated(let inode, let end): try append(.allocated(end), to: inode)
    case .synced(let inode): try sync(inode)
    case .renamed(let from, let to):
      if case .file(let id) = names[from] { files[id].path = to }
      change(.init(kind: .renamed(from, to)))
    case .unlinked(let path), .removedDirectory(let path): change(.init(kind: .removed(path)))
    case .madeDirectory(let path, let inode):
      filesByInode[inode] = nil
      directoriesByInode[inode] = path
      change(.init(kind: .added(path, .directory)))
    case .linked(let from, let to):
      guard let node = names[from] else { throw TestSupportError("\(from) was linked, but the log does not know it") }
      change(.init(kind: .added(to, node)))
    case .changedMode(let inode, let mode): try append(.mode(mode), to: inode)
    case .marked: break
    }
  }

  private mutating func append(_ change: Change, to inode: UInt64) throws {
    guard let id = filesByInode[inode] else { throw TestSupportError("a write to inode \(inode), which nobody opened") }
    if !DiskTree.isVolatile(files[id].path) { files[id].pending.append(change) }
  }

  private mutating func change(_ change: NameChange) {
    RecordedDisk.apply(change, to: &names)
    pendingNames.append(change)
  }

  private mutating func sync(_ inode: UInt64) throws {
    if inode == 0 {
      for id in files.indices { sync(file: id) }
      durableNames = names
      pendingNames = []
    } else if let id = filesByInode[inode] {
      if !ignored.ignores(file: files[id].path) { sync(file: id) }
    } else if let directory = directoriesByInode[inode] {
      guard ignored != .directories else { return }
      let last = pendingNames.lastIndex { $0.directories.contains(directory) }
      guard let last else { return }
      for change in pendingNames[...last] { RecordedDisk.apply(change, to: &durableNames) }
      pendingNames.removeSubrange(...last)
    } else {
      throw TestSupportError("a sync of inode \(inode), which nobody opened")
    }
  }

  private mutating func sync(file id: Int) {
    for change in files[id].pending { RecordedDisk.apply(change, log, to: &files[id]) }
    files[id].pending = []
  }

  static func apply(_ change: NameChange, to names: inout [String: Node]) {
    switch change.kind {
    case .added(let path, let node): names[path] = node
    case .removed(let path): names[path] = nil
    case .renamed(let from, let to):
      names[to] = names.removeValue(forKey: from)
      for (path, node) in names where path.hasPrefix(from + "/") {
        names[path] = nil
        names[to + path.dropFirst(from.count)] = node
      }
    }
  }

  static func apply(_ change: Change, _ log: RecordedLog, to file: inout File) {
    switch change {
    case .mode(let mode): file.mode = mode
    case .resized(let size): file.durable.resize(to: size)
    case .allocated(let size): file.durable.grow(to: size)
    case .written(let offset, let source, _):
      file.durable.grow(to: offset + source.count)
      file.durable.replaceSubrange(offset..<(offset + source.count), with: log.octets[source])
    }
  }
}

extension [UInt8] {
  mutating func resize(to size: Int) {
    if count > size { removeSubrange(size...) }
    grow(to: size)
  }

  /// Zeros up to a size, where it is smaller.
  mutating func grow(to size: Int) {
    // An array, not `repeatElement`: without optimisation that goes octet by octet.
    if count < size { append(contentsOf: [UInt8](repeating: 0, count: size - count)) }
  }
}
