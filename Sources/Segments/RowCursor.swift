/// Gives rows one by one, by ascending seq; of several sources those of equal seq in the order of the file.
public final class RowCursor {
  /// The source of the row that came last.
  public private(set) var source = ""

  private struct Entry {
    var seq: UInt64
    var group: Int
    var isLoaded: Bool

    static func < (a: Entry, b: Entry) -> Bool { a.seq != b.seq ? a.seq < b.seq : a.group < b.group }
  }

  private var groups: [GroupRows] = []
  private var numbers: [Int] = []
  private var lastSeqs: [UInt64?] = []
  /// A heap: the least first. What is not loaded yet stands there with a seq that none of its rows is below. Groups of a day come
  /// in the order of their first rows, so only the next one has to stand there, and long days are never in memory as a whole.
  private var entries: [Entry] = []
  /// For each group how many of its day follow it.
  private var following: [Int] = []

  init() {}

  func add(_ chunks: SourceChunks, _ filter: RowFilter, shared: [SourceChunks.Block]?) {
    for day in chunks.index.days where filter.passes(Extent(rows: 0, seqs: day.seqs, times: day.times)) {
      guard !day.groups.isEmpty else { continue }
      push(Entry(seq: day.seqs.lowerBound, group: groups.count, isLoaded: false))
      for (place, group) in day.groups.enumerated() {
        groups.append(GroupRows(chunks, group, filter, shared: shared))
        numbers.append(lastSeqs.count)
        following.append(day.groups.count - 1 - place)
      }
    }
    lastSeqs.append(nil)
  }

  /// Nil at the end.
  public func next() throws(SegmentFault) -> Row? {
    while let first = entries.first {
      let group = groups[first.group]
      guard first.isLoaded else {
        let firstSeq = try group.load()
        advance(to: group.seq)
        if following[first.group] > 0 { push(Entry(seq: firstSeq, group: first.group + 1, isLoaded: false)) }
        continue
      }
      guard let row = try group.next() else { continue }
      advance(to: group.seq)
      let number = numbers[first.group]
      if let last = lastSeqs[number], row.seq <= last {
        throw SegmentFault(group.chunks.storage.name, "\(group.chunks.name): seq \(row.seq) comes after \(last)")
      }
      lastSeqs[number] = row.seq
      source = group.chunks.name
      return row
    }
    return nil
  }

  /// The group of the first entry goes on with this row, or is at its end.
  private func advance(to seq: UInt64?) {
    if let seq {
      entries[0].seq = seq
      entries[0].isLoaded = true
    } else {
      entries[0] = entries[entries.count - 1]
      entries.removeLast()
    }
    sink(0)
  }

  private func push(_ entry: Entry) {
    entries.append(entry)
    var place = entries.count - 1
    while place > 0, entries[place] < entries[(place - 1) / 2] {
      entries.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  private func sink(_ place: Int) {
    var place = place
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2] where child < entries.count && entries[child] < entries[least] {
        least = child
      }
      if least == place { return }
      entries.swapAt(place, least)
      place = least
    }
  }
}
