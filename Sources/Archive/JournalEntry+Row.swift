import Metering
import Segments

extension JournalEntry {
  /// As a segment keeps it: under its own number.
  var row: Segments.Row {
    Segments.Row(
      seq: number, kind: kind.rawValue, marks: 0, boot: "", definition: "", time: recordedAt.milliseconds, due: nil,
      received: recordedAt.milliseconds, payload: body)
  }

  init?(_ row: Segments.Row) {
    guard let kind = Kind(rawValue: row.kind) else { return nil }
    self.init(
      number: row.seq, kind: kind, recordedAt: Timestamp(milliseconds: row.received), body: row.payload)
  }
}
