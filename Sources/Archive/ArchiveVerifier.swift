import Files
import FoundationEssentials
import GRDB
import Glibc
import Metering
import Proof
import Segments
import Synchronization
import Threads

/// Proves an archive whole and unchanged from its files alone, or says what is not; meterd may be running.
public struct ArchiveVerifier: Sendable {
  public struct Report: Sendable {
    /// Empty: the archive is as it was signed. In plain words, the first one to be looked at first.
    public var problems: [String] = []
    /// What must be said and is no fault.
    public var notes: [String] = []
    public var chain: ChainReport
    public var segments = 0
    public var rows: UInt64 = 0
    public var hotRows: UInt64 = 0
    public var octets: Int64 = 0
  }

  let layout: ArchiveLayout
  private let trusted: [PublicKey]
  private let heads: [(file: String, bytes: [UInt8])]
  private let names: ClosedRange<String>?
  private let threads: Int

  /// - Parameters:
  ///   - publicKeys: PEM files of the keys that the auditor was given.
  ///   - heads: files that were placed with the spool files.
  ///   - days: first and last UTC day of receipt whose rows are hashed; the chain is always checked whole. Nil: all.
  ///   - threads: that hash at a time.
  public init(
    path: String, publicKeys: [String] = [], heads: [String] = [], days: ClosedRange<CivilDate>? = nil, threads: Int
  ) throws {
    layout = ArchiveLayout(root: path)
    guard access(layout.manifests, R_OK) == 0 || access(layout.hot, R_OK) == 0 else {
      throw ArchiveError(.unreadable, "no readable archive at \(path); is the path right, may this user read it?")
    }
    trusted = try publicKeys.map { file in
      guard let bytes = try Files.read(file, limit: 65_536) else {
        throw ArchiveError(.unreadable, "public key \(file): there is no such file")
      }
      return try PublicKey(pem: bytes, file: file)
    }
    self.heads = try heads.map { file in
      guard let bytes = try Files.read(file, limit: 65_536) else {
        throw ArchiveError(.unreadable, "head \(file): there is no such file")
      }
      return (file, bytes)
    }
    // Days of one file and its later generations: "2026-11-21" … "2026-11-21.99"
    names = days.map { "\($0.lowerBound)"..."\($0.upperBound)~" }
    self.threads = max(threads, 1)
  }

  /// Blocks, for as long as reading the whole archive takes.
  ///
  /// - Parameter progress: the share that is done, 0 to 1; called from several threads.
  public func run(progress: @escaping @Sendable (Double) -> Void = { _ in }) throws -> Report {
    var attempt = 1
    while true {
      let before = try listing()
      let report = try check(progress)
      // A day may have been sealed, or a month put together, meanwhile: then what was found need not be so.
      if try report.problems.isEmpty || attempt == 3 || listing() == before { return report }
      attempt += 1
    }
  }

  private func listing() throws -> [[String]] {
    try [layout.manifests, layout.segments, layout.hot].map { directory in
      try Files.names(in: directory).filter { !$0.hasSuffix("-shm") && !$0.hasSuffix("-wal") }
    }
  }

  private func check(_ progress: @escaping @Sendable (Double) -> Void) throws -> Report {
    var chain = Chain(trusted: trusted)
    let manifests = try addFiles(to: &chain)
    for head in heads { chain.add(head: head.bytes, file: head.file) }
    let hot = try Files.names(in: layout.hot).filter { $0.hasSuffix(".sqlite") }.map { String($0.dropLast(7)) }
    var problems: [String] = []
    let files = try segmentFiles(&problems)
    var present = Set(files.flatMap(\.segments))
    // Being sealed just now: its rows are still hot.
    present.subtract(present.filter { manifests[$0] == nil && hot.contains($0) })
    let (extents, hotProblems) = checkHot(
      hot.filter { manifests[$0] == nil }, site: manifests.values.first?.site)
    let report = chain.finish(segments: present, firstHotSeq: extents.map(\.lowerBound).min())
    var result = Report(chain: report)
    result.problems = report.findings.map(\.description) + problems + hotProblems
    result.hotRows = extents.reduce(0) { $0 + UInt64($1.count) }
    let checked = hash(files.filter { $0.segments.contains { names?.contains($0) ?? true } }, manifests, progress)
    result.problems += checked.problems
    result.octets = checked.octets
    result.segments = checked.segments
    result.rows = checked.rows
    if result.problems.isEmpty {
      let places = files.flatMap { file in
        file.segments.map { ($0, Set([String(file.path.dropFirst(layout.segments.utf8.count + 1))])) }
      }
      result.problems = try checkCatalog(
        manifests, Dictionary(places) { $0.union($1) }, expiredThrough: report.expiredThrough)
    }
    if extents.isEmpty, report.last != nil {
      result.notes.append("the hot store is empty: what was received after the last sealed day is not here")
    }
    if trusted.isEmpty, let key = report.firstKey {
      result.notes.append(
        "no public key was given: compare \(key) with the key that the site has published (--public-key FILE)")
    }
    for adoption in report.adoptions where !adoption.isTrusted {
      result.notes.append(
        "\(adoption.file): another gateway's key, \(adoption.to), took over from \(adoption.from); ask the site whether that "
          + "is so, or give that key as well")
    }
    return result
  }

  private struct SegmentFile {
    let path: String
    let octets: Int64
    let segments: [String]
  }

  private func addFiles(to chain: inout Chain) throws -> [String: Manifest] {
    for name in try Files.names(in: layout.keys) {
      if let bytes = try Files.read("\(layout.keys)/\(name)", limit: 65_536) { chain.add(key: bytes, file: name) }
    }
    var manifests: [String: Manifest] = [:]
    for file in try signedFiles(in: layout.manifests, suffix: ".manifest") {
      chain.add(manifest: file)
      if let manifest = try? Manifest.parse(file.bytes) { manifests[manifest.segment] = manifest }
    }
    for file in try signedFiles(in: layout.checkpoints, suffix: ".checkpoint") { chain.add(checkpoint: file) }
    return manifests
  }

  private func signedFiles(in directory: String, suffix: String) throws -> [SignedFile] {
    let names = try Files.names(in: directory)
    var signatures: [String: [KeyID: [UInt8]]] = [:]
    for name in names {
      guard let (file, key) = KeyID.signed(by: name) else { continue }
      signatures[file, default: [:]][key] = try Files.read("\(directory)/\(name)", limit: 4096)
    }
    return try names.filter { $0.hasSuffix(suffix) }.compactMap { name in
      guard let bytes = try Files.read("\(directory)/\(name)", limit: 64 * 1024 * 1024) else { return nil }
      return SignedFile(name: name, bytes: bytes, signatures: signatures[name] ?? [:])
    }
  }

  private func segmentFiles(_ problems: inout [String]) throws -> [SegmentFile] {
    try Files.names(in: layout.segments).compactMap { name in
      let path = layout.segment(name)
      do {
        let segments = try SegmentReader(path: path).segments.map(\.name)
        let stem = name.hasSuffix(".mseg") ? String(name.dropLast(5)) : ""
        // A day under its own name, or days of the month that the file is named after.
        if segments != [stem], stem.utf8.count != 7 || !segments.allSatisfy({ $0.hasPrefix(stem + "-") }) {
          let some = segments.prefix(3).joined(separator: ", ")
          problems.append("\(path): holds \(some): the file was renamed, or swapped with another one")
        }
        return SegmentFile(path: path, octets: try Files.size(of: path), segments: segments)
      } catch {
        // Days go when their month is put together.
        if access(path, F_OK) == 0 { problems.append("\(error)") }
        return nil
      }
    }
  }

  /// Each row's and journal entry's checksum, and that no number of a row is missing.
  private func checkHot(_ files: [String], site: String?) -> (extents: [ClosedRange<UInt64>], problems: [String]) {
    var problems: [String] = []
    var extents: [ClosedRange<UInt64>] = []
    for name in files {
      let path = layout.hotFile(name)
      do {
        var last: UInt64?
        var first: UInt64?
        // Made a moment ago: it says nothing yet.
        let isEmpty = try DurableDatabase.openForReading(path).read { try !$0.tableExists("observation") }
        if isEmpty { continue }
        let hot = try HotRows(path: path)
        if let site, hot.site != site {
          problems.append("\(path): is of site '\(hot.site)', this archive of '\(site)'")
        }
        try hot.forEach(of: nil) { row in
          if let last, row.seq != last + 1 {
            problems.append("\(path): rows \(last + 1) to \(row.seq - 1) are missing")
          }
          first = first ?? row.seq
          last = row.seq
        }
        if let first, let last { extents.append(first...last) }
        _ = try DurableDatabase.openForReading(path).read { try HotFile.journal($0, path: path) }
      } catch {
        if access(path, F_OK) == 0 { problems.append("\(error)") }
      }
    }
    extents.sort { $0.lowerBound < $1.lowerBound }
    for (one, next) in zip(extents, extents.dropFirst()) where next.lowerBound != one.upperBound + 1 {
      problems.append(
        "\(layout.hot): rows \(one.upperBound + 1) to \(next.lowerBound &- 1) are in no file of the hot store")
    }
    return (extents, problems)
  }

  // MARK: - Hashing

  private struct Hashed {
    var problems: [String] = []
    var octets: Int64 = 0
    var segments = 0
    var rows: UInt64 = 0
  }

  /// Reads every octet of these files, on several threads, the longest first.
  private func hash(
    _ files: [SegmentFile], _ manifests: [String: Manifest], _ progress: @escaping @Sendable (Double) -> Void
  ) -> Hashed {
    let waiting = Mutex(Array(files.sorted { $0.octets < $1.octets }))
    let total = max(files.reduce(0) { $0 + $1.octets }, 1)
    let result = Mutex(Hashed())
    let done = Inbox<Void>()
    let work: @Sendable () -> Void = {
      while let file = waiting.withLock({ $0.popLast() }) {
        let checked = check(file, manifests) { octets in
          let done = result.withLock {
            $0.octets += Int64(octets)
            return $0.octets
          }
          progress(Double(done) / Double(total))
        }
        result.withLock {
          $0.problems += checked.problems
          $0.segments += checked.segments
          $0.rows += checked.rows
        }
      }
      done.post(())
    }
    var running = 0
    for _ in 0..<min(threads, max(files.count, 1)) {
      if (try? OwnThread.start(name: "verify", stackBytes: 1024 * 1024, work)) != nil { running += 1 }
    }
    // A machine that gives no thread: then this one.
    if running == 0 {
      work()
      running = 1
    }
    while running > 0 { running -= done.take()?.count ?? running }
    return result.withLock { $0 }
  }

  private func check(
    _ file: SegmentFile, _ manifests: [String: Manifest], _ progress: @escaping (Int) -> Void
  ) -> Hashed {
    var checked = Hashed()
    do {
      let found = try SegmentReader(path: file.path).verify { progress($0) }
      checked.problems = found.faults.map(\.description)
      for segment in found.segments {
        checked.segments += 1
        guard let manifest = manifests[segment.name] else { continue }
        checked.rows += manifest.rows
        checked.problems += segment.differences(from: manifest).map { "\(file.path): \($0)" }
      }
    } catch {
      if access(file.path, F_OK) == 0 { checked.problems.append("\(error)") }
    }
    return checked
  }
}
