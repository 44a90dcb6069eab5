import Metering

extension RegisterImage {
  enum Content {
    case value(meter: Int, Signal, PointEncoder)
    case constant([UInt16])
    case clock(ClockEncoder)
  }

  /// The registers of one value.
  struct Cell {
    var address: Int
    var end: Int
    var content: Content
    /// For each register the bits that are its own; nil for all.
    var mask: [UInt16]?

    func put(_ word: UInt16, at position: Int, _ register: inout UInt16) {
      if let mask { register |= word & mask[position - address] } else { register = word }
    }
  }

  struct Table {
    var start: Int
    var end: Int
    /// By address.
    var cells: [Cell]
    private var widest: Int

    init?(_ unsorted: [Cell]) {
      guard let start = unsorted.map(\.address).min(), let end = unsorted.map(\.end).max() else { return nil }
      (self.start, self.end) = (start, end)
      cells = unsorted.sorted { $0.address < $1.address }
      widest = cells.reduce(1) { max($0, $1.end - $1.address) }
    }

    /// The first cell that can reach into addresses from `start` on.
    func firstCell(from start: Int) -> Int {
      var (low, high) = (0, cells.count)
      while low < high {
        let middle = (low + high) / 2
        if cells[middle].address <= start - widest { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }

  /// Gives every bit to the first that names it.
  struct Claims {
    private(set) var cells: [RegisterTable: [Cell]] = [:]
    private var taken: [RegisterTable: [Int: UInt16]] = [:]

    /// - Parameter mask: the bits that it speaks of, nil for all of its registers.
    mutating func add(_ register: RegisterReference, _ content: Content, mask: [UInt16]?) {
      let addresses = Int(register.address)..<register.end
      var own = mask ?? [UInt16](repeating: 0xFFFF, count: addresses.count)
      for (index, address) in addresses.enumerated() {
        let before = taken[register.table]?[address] ?? 0
        own[index] &= ~before
        taken[register.table, default: [:]][address] = before | own[index]
      }
      guard own.contains(where: { $0 != 0 }) else { return }
      let isWhole = own.allSatisfy { $0 == 0xFFFF }
      cells[register.table, default: []].append(
        Cell(address: addresses.lowerBound, end: addresses.upperBound, content: content, mask: isWhole ? nil : own))
    }
  }
}
