import Accounting
import Archive
import Files
import Glibc
import Metering
import Series

/// `ARCHIVE/inbox`: where `meterd correct` lays corrections for the daemon that has the archive.
///
/// `NAME.json` is one correction. It goes when it is written down in the archive's journal; one that cannot be used becomes
/// `NAME.json.rejected`.
struct CorrectionInbox {
  private static let fileLimit = 65_536
  /// The rest waits for the next time.
  private static let filesAtOnce = 100
  /// More than that are not kept.
  private static let rejectedLimit = 100

  static func directory(of archive: String) -> String { archive + "/inbox" }
  static func rejected(_ name: String) -> String { name + ".rejected" }

  static func makeDirectory(_ path: String) throws {
    if mkdir(path, 0o770) != 0, errno != EEXIST { throw FileFault(path, "cannot be made") }
  }

  /// Reads the inbox. Blocks.
  ///
  /// - Returns: what was done, for the log.
  /// - Throws: where the archive or the directory fails; what lies there stays.
  func takeIn(_ archive: Archive, now: Timestamp) throws -> [String] {
    let directory = CorrectionInbox.directory(of: archive.path)
    try CorrectionInbox.makeDirectory(directory)
    let names = try Files.names(in: directory)
    let rejected = names.filter { $0.hasSuffix(".rejected") }
    for name in rejected.dropLast(CorrectionInbox.rejectedLimit) { try Files.remove("\(directory)/\(name)") }
    var lines: [String] = []
    for name in names.filter({ $0.hasSuffix(".json") }).prefix(CorrectionInbox.filesAtOnce) {
      do throws(Refusal) {
        var correction = try CorrectionInbox.read("\(directory)/\(name)")
        // The archive's clock says when it was recorded, nobody else.
        correction.recordedAt = now
        lines.append(try take(correction, archive, now))
      } catch {
        if let cause = error.cause { throw cause }
        let target = "\(directory)/\(CorrectionInbox.rejected(name))"
        guard rename("\(directory)/\(name)", target) == 0 else { throw FileFault(target, "cannot be put in place") }
        lines.append("correction \(directory)/\(name) is refused: \(error.reason)")
        continue
      }
      try Files.remove("\(directory)/\(name)")
    }
    return lines
  }

  /// Why a file is not taken: for itself, or because something else failed.
  private struct Refusal: Error {
    var reason: String
    var cause: (any Error)?
  }

  private func take(_ correction: Correction, _ archive: Archive, _ now: Timestamp) throws(Refusal) -> String {
    do {
      let reader = try ArchiveReader(path: archive.path)
      let known = Notes(reader.notes).corrections.all.first { $0.id == correction.id }
      if var known {
        // Recorded, and then there was no time to remove the file.
        known.recordedAt = now
        if known == correction { return "correction '\(correction.id)' was recorded before" }
      }
      try CorrectionInbox.check(correction, in: reader)
      try CorrectionInbox.record(correction, in: archive, at: now)
      return "correction '\(correction.id)' of \(correction.meterID) by \(correction.author): \(correction.reason)"
    } catch let error as CorrectionFault {
      throw Refusal(reason: error.description)
    } catch let error as NotFound {
      throw Refusal(reason: error.description)
    } catch {
      throw Refusal(reason: "", cause: error)
    }
  }

  /// - Throws: where the archive has no such series, or the correction cannot be, or does not go with those before it.
  static func check(_ correction: Correction, in reader: ArchiveReader) throws {
    try correction.validate()
    let series = SeriesReader(reader)
    let quantities = series.quantities(of: correction.meterID)
    if quantities.isEmpty {
      throw NotFound(description: "the archive has no meter '\(correction.meterID)'")
    }
    if let quantity = correction.quantity, !quantities.contains(quantity) {
      throw NotFound(
        description: "\(correction.meterID) has no '\(quantity)'; it has: \(quantities.joined(separator: ", "))")
    }
    var all = series.notes.corrections
    try all.add(correction)
  }

  static func record(_ correction: Correction, in archive: Archive, at now: Timestamp) throws {
    _ = try archive.record(.correction, try NoteJSON.encode(correction), at: now)
  }

  /// Whoever may write there may lay anything there: only a plain file that is small is read.
  private static func read(_ path: String) throws(Refusal) -> Correction {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { throw Refusal(reason: "cannot be opened: \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw Refusal(reason: "is no file")
    }
    guard status.st_size <= fileLimit else { throw Refusal(reason: "is longer than \(fileLimit) bytes") }
    var bytes = [UInt8](repeating: 0, count: fileLimit)
    var count = 0
    while count < bytes.count {
      let got = bytes.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count)
      }
      if got < 0 {
        if errno == EINTR { continue }
        throw Refusal(reason: "cannot be read: \(String(cString: strerror(errno)))")
      }
      if got == 0 { break }
      count += got
    }
    do { return try NoteJSON.decode(Correction.self, from: Array(bytes.prefix(count))) } catch {
      throw Refusal(reason: "is no correction: \(error)")
    }
  }
}
