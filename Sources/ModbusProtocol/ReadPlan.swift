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
  }

  public struct Limits: Sendable, Hashable {
    /// Registers that one request may ask the device for (bits: the protocol's 2000).
    public var maximumRegisters: Int
    /// The widest hole that is read along; 0: none.
    public var maximumHole: Int

    public init(maximumRegisters: Int = 125, maximumHole: Int) {
      self.maximumRegisters = maximumRegisters
      self.maximumHole = maximumHole
    }
  }

  public let requests: [ReadRequest]

  /// - Parameter spans: in any order, overlapping or not. A span that no request can hold (past 65535, or wider than the
  ///   limits) is left out and listed in `impossible`.
  public init(spans: [Span], limits: Limits) {
    var requests: [ReadRequest] = []
    var impossible: [Span] = []
    let ordered = spans.sorted {
      ($0.function.rawValue, $0.address, $0.count) < ($1.function.rawValue, $1.address, $1.count)
    }
    var open: (function: ReadFunction, start: Int, end: Int)?
    func close() {
      guard let block = open else { return }
      open = nil
      if let r = ReadRequest(function: block.function, address: block.start, count: block.end - block.start) {
        requests.append(r)
      }
    }
    for span in ordered {
      let most = span.function.readsBits ? 2000 : min(limits.maximumRegisters, span.function.maximumCount)
      guard span.count <= most, ReadRequest(function: span.function, address: span.address, count: span.count) != nil
      else {
        impossible.append(span)
        continue
      }
      let end = span.address + span.count
      if let block = open, block.function == span.function, span.address - block.end <= limits.maximumHole,
        max(block.end, end) - block.start <= most
      {
        open = (block.function, block.start, max(block.end, end))
      } else {
        close()
        open = (span.function, span.address, end)
      }
    }
    close()
    self.requests = requests
    self.impossible = impossible
  }

  /// Spans that no request can hold; settings are checked so that there are none.
  public let impossible: [Span]
}
