import TestSupport

/// What a process did below a directory, in order: the file that `recorder.c` writes.
struct RecordedLog: Sendable {
  enum Operation: Hashable, Sendable {
    /// A file or directory that had been there.
    case opened(path: String, inode: UInt64)
    case created(path: String, inode: UInt64, mode: UInt32 = 0o644)
    /// `octets` are places in the log.
    case written(inode: UInt64, offset: Int, octets: Range<Int>)
    case resized(inode: UInt64, size: Int)
    case allocated(inode: UInt64, end: Int)
    /// Inode 0: everything.
    case synced(inode: UInt64)
    case renamed(from: String, to: String)
    case unlinked(path: String)
    case madeDirectory(path: String, inode: UInt64)
    case removedDirectory(path: String)
    case linked(from: String, to: String)
    case marked(String)
    case changedMode(inode: UInt64, mode: UInt32)
  }

  let octets: [UInt8]
  let operations: [Operation]

  init(octets: [UInt8], operations: [Operation]) {
    self.octets = octets
    self.operations = operations
  }

  /// - Throws: where the log is cut, or holds something that is not modelled.
  init(reading path: String) throws {
    guard let octets = TextFile.bytes(path) else { throw TestSupportError("no log \(path)") }
    self.octets = octets
    operations = try octets.withUnsafeBytes { bytes in
      var operations: [Operation] = []
      var place = 0
      while place < bytes.count {
        let headerSize = 32
        guard place + headerSize <= bytes.count else { throw TestSupportError("\(path) is cut at \(place)") }
        let kind = bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)
        let pathLength = Int(bytes.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self))
        let inode = bytes.loadUnaligned(fromByteOffset: place + 8, as: UInt64.self)
        let number = Int(bytes.loadUnaligned(fromByteOffset: place + 16, as: Int64.self))
        let dataLength = Int(bytes.loadUnaligned(fromByteOffset: place + 24, as: UInt64.self))
        let data = (place + headerSize + pathLength)..<(place + headerSize + pathLength + dataLength)
        guard data.upperBound <= bytes.count else { throw TestSupportError("\(path) is cut at \(place)") }
        let name = String(decoding: bytes[(place + headerSize)..<data.lowerBound], as: UTF8.self)
        place = data.upperBound
        func text() -> String { String(decoding: bytes[data], as: UTF8.self) }
        switch kind {
        case 1: operations.append(.opened(path: name, inode: inode))
        case 2: operations.append(.created(path: name, inode: inode, mode: UInt32(number)))
        case 3: operations.append(.written(inode: inode, offset: number, octets: data))
        case 4: operations.append(.resized(inode: inode, size: number))
        case 5: operations.append(.allocated(inode: inode, end: number))
        case 6: operations.append(.synced(inode: inode))
        case 7: operations.append(.renamed(from: name, to: text()))
        case 8: operations.append(.unlinked(path: name))
        case 9: operations.append(.madeDirectory(path: name, inode: inode))
        case 10: operations.append(.removedDirectory(path: name))
        case 11: operations.append(.linked(from: name, to: text()))
        case 12: operations.append(.marked(text()))
        case 13 where DiskTree.isVolatile(name): break
        case 13: throw TestSupportError("\(name) was mapped for writing: what is written so, the recorder does not see")
        case 14: operations.append(.changedMode(inode: inode, mode: UInt32(number)))
        default: throw TestSupportError("\(name): \(text()): recorder.c and RecordedDisk have no model of that")
        }
      }
      return operations
    }
  }

  /// What had been said before that operation: the last word of each kind, `acked=117`.
  func marks(before position: Int) -> [String: String] {
    var marks: [String: String] = [:]
    for case .marked(let text) in operations[..<position] {
      for line in text.split(separator: "\n") {
        let words = line.split(separator: " ", maxSplits: 1)
        if words.count == 2 { marks[String(words[0])] = String(words[1]) }
      }
    }
    return marks
  }
}
