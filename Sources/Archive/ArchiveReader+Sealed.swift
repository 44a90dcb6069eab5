import Glibc
import Metering
import Segments

/// Reading what was sealed.
extension ArchiveReader {
  /// The hot files that ever were, in the order of their sequence numbers, with the numbers that each can have.
  func openings() -> [(name: String, rows: ClosedRange<UInt64>)] {
    let openings = contents.openings
    return openings.indices.compactMap { index in
      let next = index + 1 < openings.count ? openings[index + 1].firstSeq : UInt64(Int64.max)
      let first = openings[index].firstSeq
      return first < next ? (openings[index].file, first...(next - 1)) : nil
    }
  }

  /// Reads where the rows of a hot file are now: the writer may have sealed it, or put it into a month's file, since the
  /// catalog was read.
  func forEachEntry(of name: String, hot: () throws -> Void, sealed: (SegmentReader) throws -> Void) throws {
    if contents.sealed[name] == nil {
      if openFile?.name == name || access(layout.hotFile(name), F_OK) == 0 { return try hot() }
      try refresh()
      if contents.sealed[name] == nil { return try hot() }
    }
    for attempt in 0... {
      guard let file = contents.sealed[name]?.file, !file.isEmpty else { return }
      if let open = openSegment, open.file == file { return try sealed(open.reader) }
      do {
        let reader = try SegmentReader(path: layout.segment(file))
        openSegment = (file, reader)
        return try sealed(reader)
      } catch {
        if attempt > 0 || access(layout.segment(file), F_OK) == 0 { throw error }
        try refresh()
      }
    }
  }

  /// Whether a segment's column is needed for a quantity: it shares registers with one of its points, by any definition.
  func columns(of quantity: String, _ meterID: String) -> (String) -> Bool {
    var wanted: [String: [ClosedRange<Int>]] = [:]
    for use in contents.uses[meterID] ?? [] {
      for point in contents.definitions[use.definition]?.points ?? [] where point.quantity == quantity {
        for register in point.registers {
          wanted[register.table.rawValue, default: []].append(Int(register.address)...(register.end - 1))
        }
      }
    }
    return { name in
      let parts = name.split(separator: "/")
      guard parts.count == 3, let address = Int(parts[1]), let count = Int(parts[2]), count > 0 else { return true }
      return (wanted[String(parts[0])] ?? []).contains { $0.overlaps(address...(address + count - 1)) }
    }
  }

  func entry(_ row: Segments.Row, of source: String, _ name: String) throws -> Entry {
    let fault = { ArchiveError(.damaged, "\(name): seq \(row.seq) is not in a format that this meterd reads") }
    guard let kind = ObservationRow.Kind(rawValue: Int64(row.kind)),
      let content = ObservationRow.decode(kind, row.payload)
    else { throw fault() }
    let observation = Observation(
      seq: row.seq, meterID: String(source.drop { $0 != ":" }.dropFirst()), time: Timestamp(milliseconds: row.time),
      due: row.due.map(Timestamp.init(milliseconds:)), received: Timestamp(milliseconds: row.received),
      definition: row.definition, marks: Observation.Marks(rawValue: row.marks), content: content)
    return entry(observation, boot: row.boot)
  }

  func entry(_ observation: Observation, boot: String) -> Entry {
    let offsets = contents.clockOffsets
    return Entry(
      observation: observation, clockOffsetMilliseconds: boot.isEmpty ? 0 : offsets[boot] ?? 0,
      unknownClockOfBoot: boot.isEmpty || offsets[boot] != nil ? nil : boot)
  }
}
