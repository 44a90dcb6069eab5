/// What chunks one source has in a file, and where: their order and places follow from labels, lists and groups.
struct SourceIndex {
  struct Group: Hashable {
    /// Which of `lists`.
    var list: Int
    var rows: Int
    /// Rows of the chunks of quarters; 0 where the list has none.
    var quarters: Int
    /// Place of its first column among all columns of all groups.
    var firstSlot = 0
  }

  /// What one day segment holds of the source.
  struct Day {
    /// Place of the segment in the directory.
    var segment: Int
    var firstLeaf: Int
    var seqs: ClosedRange<UInt64>
    var times: ClosedRange<Int64>
    var groups: [Group]

    var rows: Int { groups.reduce(0) { $0 + $1.rows } }
  }

  struct Chunk {
    var label: Int32
    var day: Int32
    var group: Int32
    var slot: Int32
    var leaf = 0
    var offset = 0
    var length = 0
    /// The first four octets of the leaf hash.
    var check: UInt32 = 0
  }

  /// Ascending: the order of the columns in the file.
  var labels: [ColumnLabel]
  /// The columns of a group: places in `labels`, ascending.
  var lists: [[Int]]
  var days: [Day]
  /// In the order of the file: by column, day, group.
  private(set) var chunks: [Chunk] = []
  private(set) var chunkOfSlot: [Int32] = []

  init(labels: [ColumnLabel], lists: [[Int]], days: [Day]) {
    self.labels = labels
    self.lists = lists
    self.days = days
    arrange()
  }

  /// Puts the chunks of all groups in the order of the file and numbers their leaves. A day's leaves are numbered in the
  /// order of the day's own file, which is this order without the other days.
  private mutating func arrange() {
    var counts = [Int](repeating: 0, count: labels.count + 1)
    var slots = 0
    for day in days.indices {
      for group in days[day].groups.indices {
        days[day].groups[group].firstSlot = slots
        let list = lists[days[day].groups[group].list]
        slots += list.count
        for label in list { counts[label + 1] += 1 }
      }
    }
    var places = counts
    for label in 1..<max(1, places.count) { places[label] += places[label - 1] }
    chunks = Array(repeating: Chunk(label: 0, day: 0, group: 0, slot: 0), count: slots)
    chunkOfSlot = Array(repeating: 0, count: slots)
    for day in days.indices {
      for (number, group) in days[day].groups.enumerated() {
        for (position, label) in lists[group.list].enumerated() {
          let place = places[label]
          places[label] += 1
          chunks[place] = Chunk(
            label: Int32(label), day: Int32(day), group: Int32(number), slot: Int32(group.firstSlot + position))
          chunkOfSlot[group.firstSlot + position] = Int32(place)
        }
      }
    }
    var leaves = days.map(\.firstLeaf)
    for place in chunks.indices {
      let day = Int(chunks[place].day)
      chunks[place].leaf = leaves[day]
      leaves[day] += 1
    }
  }

  /// Sets where the chunk lies, and the head of its leaf hash.
  mutating func place(_ chunk: Int, offset: Int, length: Int, check: UInt32) {
    chunks[chunk].offset = offset
    chunks[chunk].length = length
    chunks[chunk].check = check
  }

  func leaves(of day: Int) -> Int { days[day].groups.reduce(0) { $0 + lists[$1.list].count } }

  /// `rows` of the leaf header.
  func rows(of chunk: Chunk) -> Int {
    let group = days[Int(chunk.day)].groups[Int(chunk.group)]
    switch labels[Int(chunk.label)].role {
    case .quarter, .quarters: return group.quarters
    default: return group.rows
    }
  }

  /// The chunk of that position in the list of a group.
  func chunk(_ position: Int, of group: Group) -> Int { Int(chunkOfSlot[group.firstSlot + position]) }

  /// The chunk of that role in a group; nil where the group has none.
  func chunk(_ role: ColumnLabel.Role, of group: Group) -> Int? {
    guard let position = lists[group.list].firstIndex(where: { labels[$0].role == role }) else { return nil }
    return chunk(position, of: group)
  }

  func isOdd(_ group: Group) -> Bool { labels[lists[group.list][0]].role == .rows }
}
