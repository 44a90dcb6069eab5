import Glibc
import TestSupport

/// A change that somebody makes to the files of an archive.
struct Tampering {
  enum Kind: String, CaseIterable { case flip, swap, delete, replay, truncate, append }

  let kind: Kind
  /// In words.
  let what: String
  let files: Set<String>

  /// Makes one to an archive.
  ///
  /// - Parameters:
  ///   - archive: files are replaced, not written into.
  ///   - other: the archive of another site, of the same days.
  init?(_ archive: String, other: String, using random: inout Random) throws {
    let groups = Tampering.groups(Disk.files(archive))
    let group = random.choice(groups.filter { !$0.isEmpty })
    let file = random.choice(group)
    let path = "\(archive)/\(file)"
    kind = random.choice(Kind.allCases)
    var bytes = try Disk.read(path)
    switch kind {
    case .flip:
      // Most octets of a small SQLite file are empty.
      var bit = random.below(8 * bytes.count)
      while file.hasSuffix(".sqlite") && bytes[bit / 8] == 0 { bit = random.below(8 * bytes.count) }
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      try Disk.write(bytes, to: path)
      (what, files) = ("bit \(bit % 8) of octet \(bit / 8) of \(file)", [file])
    case .truncate:
      let count = random.happens(oneIn: 2) ? bytes.count - 1 - random.below(20) : random.below(bytes.count)
      try Disk.write(Array(bytes.prefix(max(count, 0))), to: path)
      (what, files) = ("\(file) cut to \(count) octets", [file])
    case .append:
      try Disk.write(bytes + random.bytes(1 + random.below(100)), to: path)
      (what, files) = ("octets behind \(file)", [file])
    case .delete:
      unlink(path)
      (what, files) = ("\(file) deleted", [file])
    case .swap:
      let second = random.choice(group)
      let others = try Disk.read("\(archive)/\(second)")
      if others == bytes { return nil }
      try Disk.write(others, to: path)
      try Disk.write(bytes, to: "\(archive)/\(second)")
      (what, files) = ("\(file) and \(second) swapped", [file, second])
    case .replay:
      // A manifest comes with its signatures.
      let isManifest = file.hasSuffix(".manifest") && random.happens(oneIn: 2)
      let from = random.happens(oneIn: 2) ? other : archive
      let sources = Tampering.groups(Disk.files(from))[groups.firstIndex(of: group) ?? 0]
      guard !sources.isEmpty else { return nil }
      let source = from == other && sources.contains(file) ? file : random.choice(sources)
      let replayed = try Disk.read("\(from)/\(source)")
      if replayed == bytes { return nil }
      try Disk.write(replayed, to: path)
      var changed: Set<String> = [file]
      for name in isManifest ? Disk.files(from) : [] where name.hasPrefix(source + ".") && name.hasSuffix(".sig") {
        let target = file + name.dropFirst(source.count)
        try Disk.write(try Disk.read("\(from)/\(name)"), to: "\(archive)/\(target)")
        changed.insert(target)
      }
      (what, files) = ("\(source) of \(from == other ? "another site" : "the same archive") for \(file)", changed)
    }
  }

  /// Each sort of file as likely as any other, however many there are.
  private static func groups(_ files: [String]) -> [[String]] {
    [
      files.filter { $0.hasSuffix(".mseg") }, files.filter { $0.hasSuffix(".manifest") },
      files.filter { $0.hasPrefix("manifests/") && $0.hasSuffix(".sig") },
      files.filter { $0.hasPrefix("checkpoints/") },
      files.filter { $0.hasPrefix("keys/") }, files.filter { $0.hasSuffix(".sqlite") },
    ]
  }
}
