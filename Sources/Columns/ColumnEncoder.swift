/// Writes columns as chunks. Keeps its scratch memory; for one thread.
public final class ColumnEncoder {
  private var zstd: ZstandardCompressor
  private var estimator = ZstandardCompressor(level: 6)
  private var patterns = Numbers()
  private var decimals = Numbers()
  private var planner = TokenPlanner()
  private var coder = TokenCoder()
  private var residuals = Scratch<UInt64>()
  private var planes = Scratch<UInt8>()

  /// - Parameter level: of zstd, 1 to 19.
  public init(level: Int = 19) {
    precondition(1...19 ~= level, "zstd levels 1 to 19 have windows that every reader accepts")
    zstd = ZstandardCompressor(level: level)
  }

  /// Appends the chunk of `values` to `chunk`: of the ways that may be small, the smallest.
  ///
  /// - Parameter values: bit patterns in the low `bits` bits; what is above them is lost.
  public func encode(_ values: UnsafeBufferPointer<UInt64>, _ format: ColumnFormat, into chunk: inout [UInt8]) {
    patterns.take(values, format)
    if format.isFloat, decimals.takeDecimals(values, format),
      // A special takes a number and a pattern in the head.
      least(decimals.digitsByOrder) + decimals.head.specials.count * 2 * format.bits <= least(patterns.digitsByOrder)
    {
      encode(&decimals, format, into: &chunk)
    } else {
      encode(&patterns, format, into: &chunk)
    }
  }

  private func least(_ digits: (Int, Int, Int)) -> Int { min(digits.0, digits.1, digits.2) }

  private func encode(_ numbers: inout Numbers, _ format: ColumnFormat, into chunk: inout [UInt8]) {
    let digits = numbers.digitsByOrder
    if digits.0 == 0 || digits.2 == 0 {
      numbers.residuals(order: digits.0 == 0 ? 0 : 2, into: &residuals).write(format, into: &chunk)
      return
    }
    var best = Choice(size: .max, order: 0, coder: .rice, plan: TokenPlan())
    var likeliest = (estimate: Int.max, order: 0)
    let limit = least(digits) + numbers.count / 2
    for (order, digits) in [digits.0, digits.1, digits.2].enumerated() where digits <= limit {
      let (_, residuals) = residuals(&numbers, order)
      best.take(Choice(size: RiceCoder.size(residuals), order: order, coder: .rice, plan: TokenPlan()))
      let plan = planner.plan(residuals)
      best.take(Choice(size: plan.size, order: order, coder: .tokens, plan: plan))
      let estimate = estimator.compress(split(residuals)) { $0.count }
      if estimate < likeliest.estimate { likeliest = (estimate, order) }
    }
    // Level 19 takes fifteen times as long as level 6, and where it beats tokens, level 6 is hardly ever 5 % behind them.
    if likeliest.estimate - likeliest.estimate / 20 < best.size {
      var (head, residuals) = residuals(&numbers, likeliest.order)
      head.coder = .planes
      let planes = split(residuals)
      let isSmaller = zstd.compress(planes) { frame in
        if 1 + frame.count >= best.size { return false }
        head.write(format, into: &chunk)
        chunk.append(UInt8(planes.count / residuals.count))
        chunk.append(contentsOf: frame)
        return true
      }
      if isSmaller { return }
    }
    var (head, residuals) = residuals(&numbers, best.order)
    head.coder = best.coder
    head.write(format, into: &chunk)
    if best.coder == .tokens {
      coder.write(residuals, best.plan, into: &chunk)
    } else {
      RiceCoder.write(residuals, into: &chunk)
    }
  }

  private struct Choice {
    var size: Int
    var order: Int
    var coder: ChunkHead.Coder
    var plan: TokenPlan

    mutating func take(_ other: Choice) {
      if other.size < size { self = other }
    }
  }

  private func residuals(_ numbers: inout Numbers, _ order: Int) -> (ChunkHead, UnsafeBufferPointer<UInt64>) {
    let head = numbers.residuals(order: order, into: &residuals)
    let count = ChunkHead.residuals(numbers.count, order: order)
    return (head, UnsafeBufferPointer(start: residuals.start, count: count))
  }

  /// Octet 0 of every residual, the lowest one, then octet 1 of every one, …
  private func split(_ residuals: UnsafeBufferPointer<UInt64>) -> UnsafeRawBufferPointer {
    var all: UInt64 = 0
    for residual in residuals { all |= residual }
    let width = (digits(all) + 7) / 8
    planes.reserve(residuals.count * width)
    for plane in 0..<width {
      let start = planes.start + plane * residuals.count
      for index in 0..<residuals.count {
        start[index] = UInt8(truncatingIfNeeded: residuals[index] &>> UInt64(8 &* plane))
      }
    }
    return UnsafeRawBufferPointer(start: planes.start, count: residuals.count * width)
  }

  /// Appends the chunk of an opaque text or byte string to `chunk`.
  public func encode(bytes: UnsafeRawBufferPointer, into chunk: inout [UInt8]) {
    zstd.compress(bytes) { frame in
      chunk.append(frame.count < bytes.count ? 1 : 0)
      chunk.append(contentsOf: frame.count < bytes.count ? frame : bytes)
    }
  }
}
