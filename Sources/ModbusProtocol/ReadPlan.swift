/// Merges the values that are wanted from one device into few requests.
public struct ReadPlan: Sendable, Hashable {
  /// A value that must be read in one piece.
  public struct Span: Sendable, Hashable {
    public let function: ReadFunction
    public let address: Int
    public let count: Int

    public init(function: ReadFunction, address: Int, count: Int) {
      self.function = function
      self.address = address
      self.count = count
    }

    var end: Int { address + count }

    public func isWithin(_ request: ReadRequest) -> Bool {
      function == request.function && Int(request.address) <= address
        && end <= Int(request.address) + Int(request.count)
    }
  }

  /// Addresses that no request may touch, not even in passing; both ends included.
  public struct Forbidden: Sendable, Hashable {
    public let function: ReadFunction
    public let addresses: ClosedRange<Int>

    public init(function: ReadFunction, addresses: ClosedRange<Int>) {
      self.function = function
      self.addresses = addresses
    }
  }

  /// A value that begins here begins a request: the device refused one that reached over it.
  public struct Cut: Sendable, Hashable {
    public let function: ReadFunction
    public let address: Int
  }

  public struct Limits: Sendable, Hashable {
    /// Registers that one request may ask the device for (bits: the protocol's 2000).
    public var maximumRegisters: Int
    /// The widest hole that is read along; 0: none.
    public var maximumHole: Int
    public var forbidden: [Forbidden]
    public var cuts: Set<Cut>

    public init(
      maximumRegisters: Int = 125, maximumHole: Int, forbidden: [Forbidden] = [], cuts: Set<Cut> = []
    ) {
      self.maximumRegisters = maximumRegisters
      self.maximumHole = maximumHole
      self.forbidden = forbidden
      self.cuts = cuts
    }
  }

  public let requests: [ReadRequest]

  /// - Parameter spans: in any order, overlapping or not. A span that no request can hold (past 65535, or wider than the
  ///   limits) is left out and listed in `impossible`.
  public init(spans: [Span], limits: Limits) {
    var requests: [ReadRequest] = []
    var impossible: [Span] = []
    var open: Span?
    func close() {
      guard let block = open else { return }
      open = nil
      if let r = ReadRequest(function: block.function, address: block.address, count: block.count) {
        requests.append(r)
      }
    }
    for span in ReadPlan.ordered(spans) {
      let most = span.function.readsBits ? 2000 : min(limits.maximumRegisters, span.function.maximumCount)
      guard span.count <= most, ReadRequest(function: span.function, address: span.address, count: span.count) != nil
      else {
        impossible.append(span)
        continue
      }
      if let block = open, ReadPlan.mayJoin(block, span, most: most, limits) {
        open = Span(
          function: block.function, address: block.address, count: max(block.end, span.end) - block.address)
      } else {
        close()
        open = span
      }
    }
    close()
    self.requests = requests
    self.impossible = impossible
  }

  /// Spans that no request can hold; settings are checked so that there are none.
  public let impossible: [Span]

  /// Where to cut a request that a device refused: at its holes; where it has none, in the middle.
  ///
  /// - Parameter spans: what was wanted of the device.
  /// - Returns: empty where the request holds one value, or values that overlap, which cannot be had apart.
  public static func cuts(in request: ReadRequest, spans: [Span]) -> Set<Cut> {
    let within = ordered(spans.filter { $0.isWithin(request) })
    var holes: Set<Cut> = []
    var borders: [Cut] = []
    var end = within.first?.end ?? 0
    for span in within.dropFirst() {
      if span.address >= end { borders.append(Cut(function: span.function, address: span.address)) }
      if span.address > end { holes.insert(Cut(function: span.function, address: span.address)) }
      end = max(end, span.end)
    }
    if !holes.isEmpty { return holes }
    let middle = Int(request.address) + Int(request.count) / 2
    return Set(borders.min { abs($0.address - middle) < abs($1.address - middle) }.map { [$0] } ?? [])
  }

  private static func ordered(_ spans: [Span]) -> [Span] {
    spans.sorted { ($0.function.rawValue, $0.address, $0.count) < ($1.function.rawValue, $1.address, $1.count) }
  }

  private static func mayJoin(_ block: Span, _ span: Span, most: Int, _ limits: Limits) -> Bool {
    guard block.function == span.function, max(block.end, span.end) - block.address <= most else { return false }
    if span.address < block.end { return true }  // They overlap: cut apart, one of them would be torn.
    let hole = block.end..<span.address
    return hole.count <= limits.maximumHole
      && !limits.cuts.contains(Cut(function: span.function, address: span.address))
      && !limits.forbidden.contains { $0.function == span.function && hole.overlaps(Range($0.addresses)) }
  }
}
