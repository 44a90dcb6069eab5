import Archive
import Compression
import Crypto
import Files
import FoundationEssentials
import Metering
import Schedule

/// Builds a spool file: a pure function of the archive and of (forward, period, revision, cut). Built twice, it is the
/// same bytes.
struct SpoolWriter {
  struct Result {
    var rows = 0
    /// By meter: rows, and those of them that carry a usable value.
    var meters: [String: (rows: Int, taken: Int)] = [:]
    /// Of the uncompressed bytes: the identity of the content.
    var sha256 = ""
    /// Of the file as it lies in the directory.
    var fileSHA256 = ""
    var fileSize: Int64 = 0
    var firstSeq: UInt64 = 0
    var lastSeq: UInt64 = 0
  }

  let plan: ForwardPlan
  let file: SpoolFile

  /// Writes the data file; it is not published yet.
  ///
  /// - Parameter seqs: where the rows of the period are to be found.
  func write(from reader: ArchiveReader, seqs: ClosedRange<UInt64>, to target: AtomicFile) throws -> Result {
    var result = Result()
    var content = SHA256()
    var delivered = SHA256()
    let gzip = plan.compression == .gzip ? try GzipStream() : nil
    var buffer: [UInt8] = []
    func deliver(_ bytes: ArraySlice<UInt8>) throws {
      delivered.update(data: bytes)
      try target.write(bytes)
    }
    func drain(finish: Bool) throws {
      content.update(data: buffer)
      if let gzip {
        try gzip.compress(buffer, finish: finish, into: deliver)
      } else {
        try deliver(buffer[...])
      }
      buffer.removeAll(keepingCapacity: true)
    }
    buffer.append(contentsOf: CSVRow.header.utf8)
    buffer.append(UInt8(ascii: "\n"))
    try reader.forEachEntry(seqs: seqs) { entry in
      try reader.forEachReading(of: entry, within: file.period) { reading in
        guard file.period.contains(reading.time) else { return }
        CSVRow.append(reading, zone: plan.periods.zone, to: &buffer)
        result.rows += 1
        result.meters[reading.meterID, default: (0, 0)].rows += 1
        if reading.quality != .bad { result.meters[reading.meterID, default: (0, 0)].taken += 1 }
        if result.firstSeq == 0 { result.firstSeq = reading.seq }
        result.lastSeq = reading.seq
        if buffer.count >= 64 * 1024 { try drain(finish: false) }
      }
    }
    try drain(finish: true)
    result.sha256 = SpoolWriter.hex(content.finalize())
    result.fileSHA256 = SpoolWriter.hex(delivered.finalize())
    result.fileSize = target.size
    return result
  }

  /// What lies beside each file: `sha256sum -c` reads it and passes over the lines that start with `#`.
  func manifest(_ result: Result) -> String {
    """
    # meterd-spool 1
    # site \(plan.site)
    # forward \(plan.id)
    # period_start \(file.period.lowerBound.rfc3339())
    # period_end \(file.period.upperBound.rfc3339())
    # revision \(file.revision)
    # cut_seq \(file.cutSeq)
    # rows \(result.rows)
    # first_seq \(result.firstSeq)
    # last_seq \(result.lastSeq)
    # bytes \(result.fileSize)
    # sha256_uncompressed \(result.sha256)
    \(result.fileSHA256)  \(file.name(plan))

    """
  }

  private static func hex(_ digest: some Sequence<UInt8>) -> String {
    digest.reduce(into: "") { text, byte in text += (byte < 16 ? "0" : "") + String(byte, radix: 16) }
  }
}

/// A reading as a line of CSV: UTF-8, RFC 4180 quoting, LF.
public enum CSVRow {
  public static let header = "time,due,received,meter_id,quantity,value,unit,kind,quality,flags,seq,index"

  /// Appends the row and its line feed.
  ///
  /// - Parameters:
  ///   - zone: for the offset of the times.
  ///   - raw: whether the point's bytes follow as a last column (`Reading.rawText`).
  public static func append(_ reading: Reading, zone: Zone, raw: Bool = false, to bytes: inout [UInt8]) {
    func comma() { bytes.append(UInt8(ascii: ",")) }
    func time(_ time: Timestamp) {
      time.appendRFC3339(to: &bytes, offsetSeconds: zone.offsetSeconds(at: time))
      comma()
    }
    time(reading.time)
    if let due = reading.due { time(due) } else { comma() }
    time(reading.received)
    bytes.append(contentsOf: reading.meterID.utf8)
    comma()
    bytes.append(contentsOf: reading.quantity.utf8)
    comma()
    if let value = reading.value {
      value.append(to: &bytes)
    } else if let text = reading.text {
      append(quoted: text, to: &bytes)
    }
    comma()
    append(quoted: reading.unit, to: &bytes)
    comma()
    bytes.append(contentsOf: reading.kind.rawValue.utf8)
    comma()
    bytes.append(contentsOf: reading.quality.rawValue.utf8)
    comma()
    bytes.append(contentsOf: reading.flags.joined(separator: "+").utf8)
    comma()
    bytes.append(contentsOf: String(reading.seq).utf8)
    comma()
    bytes.append(contentsOf: String(reading.index).utf8)
    if raw {
      comma()
      bytes.append(contentsOf: reading.rawText.utf8)
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Quotes what needs it (RFC 4180, clause 2).
  static func append(quoted text: String, to bytes: inout [UInt8]) {
    let special: Set<UInt8> = [UInt8(ascii: ","), UInt8(ascii: "\""), 10, 13]
    guard text.utf8.contains(where: special.contains) else {
      bytes.append(contentsOf: text.utf8)
      return
    }
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") { bytes.append(byte) }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
