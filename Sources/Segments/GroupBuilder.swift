/// The rows of one source that have kind, marks, boot, definition and shape in common.
final class GroupBuilder {
  /// As many rows as one group of the file may have.
  struct Part {
    var seqs: [UInt64] = []
    var times: [Int64] = []
    var dues: [Int64] = []
    var received: [Int64] = []
    /// Octets of the columns, row by row.
    var packed: [UInt8] = []
  }

  let header: GroupHeader
  let plan: PayloadPlan
  private let boot: Int
  private let definition: Int
  private let limit: Int
  private(set) var parts: [Part] = [Part()]
  private(set) var rows = 0

  /// - Parameters `boot`, `definition`: numbers of the texts.
  init(_ header: GroupHeader, boot: Int, definition: Int) {
    self.header = header
    self.boot = boot
    self.definition = definition
    plan = PayloadPlan(header.shape)
    limit = Limits.rowsOfGroup(payload: plan.length)
  }

  func matches(
    kind: UInt8, marks: UInt8, boot: Int, definition: Int, hasDue: Bool, _ payload: UnsafeRawBufferPointer
  ) -> Bool {
    self.definition == definition && header.kind == kind && header.marks == marks && self.boot == boot
      && header.hasDue == hasDue && plan.matches(payload)
  }

  func append(seq: UInt64, time: Int64, due: Int64?, received: Int64, _ payload: UnsafeRawBufferPointer) {
    if parts[parts.count - 1].seqs.count == limit { parts.append(Part()) }
    let last = parts.count - 1
    parts[last].seqs.append(seq)
    parts[last].times.append(time)
    if let due { parts[last].dues.append(due) }
    parts[last].received.append(received)
    plan.pack(payload, into: &parts[last].packed)
    rows += 1
  }

  /// A row of a part as it was appended.
  func row(_ index: Int, of part: Part) -> Row {
    var payload = header.shape.fixed
    for (column, places) in zip(header.shape.columns, plan.places) {
      for (place, packed) in zip(column.places, places) { payload[place] = part.packed[index * plan.packed + packed] }
    }
    return Row(
      seq: part.seqs[index], kind: header.kind, marks: header.marks, boot: header.boot,
      definition: header.definition, time: part.times[index], due: header.hasDue ? part.dues[index] : nil,
      received: part.received[index], payload: payload)
  }
}
