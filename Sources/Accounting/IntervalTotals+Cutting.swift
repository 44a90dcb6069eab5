import Metering

extension IntervalTotals {
  mutating func count(_ point: CountedPoint, _ body: (TotalRow) throws -> Void) rethrows {
    if point.time < intervals.start - toleranceMilliseconds { return }
    try pass(point.time, body)
    if isOver { return }
    let distance = point.time - cursor.boundary
    if last != nil {
      if nearest == nil { upTo.include(point) } else { beyond.include(point) }
    }
    last = point
    if distance < 0 {
      counts.inInterval += point.rows
      counts.sinceCut += point.rows
    } else {
      counts.after += point.rows
    }
    if distance >= -toleranceMilliseconds {
      if let time = nearest?.time, abs(time - cursor.boundary) <= abs(distance) { return }
      upTo.include(beyond)
      beyond = Stretch()
      nearest = point
    } else if cut == nil || isBoundaryMissing {
      try end(at: point.time, point, isBoundary: false, body)
    }
  }

  /// Counts rows whose last one is `point`, where all of them lie well inside an interval and none can matter by itself.
  /// - Returns: false, having counted nothing, where one may.
  mutating func skip(to point: CountedPoint, from first: Timestamp, rows: Int) -> Bool {
    guard substitution == nil, !isOver, nearest == nil, cut != nil, !isBoundaryMissing,
      first >= intervals.start, point.time < cursor.boundary - toleranceMilliseconds
    else { return false }
    upTo.isKnown = true
    last = point
    counts.inInterval += rows
    counts.sinceCut += rows
    return true
  }

  /// Decides the boundaries that lie too far behind to have a reading still.
  mutating func pass(_ time: Timestamp, _ body: (TotalRow) throws -> Void) rethrows {
    while !isOver, time > cursor.boundary + toleranceMilliseconds { try decide(body) }
  }

  /// Since the last cut a boundary passed without a reading.
  private var isBoundaryMissing: Bool {
    guard let at = cut?.at, let previous else { return false }
    return at < previous
  }

  /// Takes the boundary as it is, and goes on to the next one.
  mutating func decide(_ body: (TotalRow) throws -> Void) rethrows {
    let boundary = cursor.boundary
    let isPlain = cut?.isBoundary == true && cut?.at == previous
    if let previous, !(isPlain && nearest != nil) {
      try body(
        TotalRow(
          start: previous, end: boundary, total: nil, unit: unit, quality: .bad, flags: counts.failures.flags,
          count: counts.inInterval))
    }
    if let nearest { try end(at: boundary, nearest, isBoundary: true, body) }
    counts.sinceCut += counts.after
    counts.inInterval = counts.after
    counts.after = 0
    counts.failures = counts.failuresAfter
    counts.failuresAfter = FlagSet()
    nearest = nil
    previous = boundary
    cursor.advance()
    if boundary >= intervals.end { isOver = true }
  }

  /// A row up to `point`, where one has begun; the next one begins there.
  mutating func end(at time: Timestamp, _ point: CountedPoint, isBoundary: Bool, _ body: (TotalRow) throws -> Void)
    rethrows
  {
    let inside = upTo
    let begun = cut
    // A row that ends at a reading leaves that reading to the next one: [start, end).
    let own = isBoundary ? 0 : min(point.rows, counts.sinceCut)
    let count = counts.sinceCut - own
    counts.sinceCut = own
    cut = Cut(at: time, point: point, isBoundary: isBoundary)
    upTo = beyond
    beyond = Stretch()
    guard let begun else { return }
    var flags = FlagSet()
    if !(begun.isBoundary && isBoundary && begun.at == previous) { flags.insert("spanning") }
    flags.insert(inside.flags.flags)
    var quality = inside.isBroken || inside.isCorrected ? Quality.uncertain : .good
    if begun.point.isUncertain || point.isUncertain {
      quality = .uncertain
      if begun.point.isUncertain { flags.insert(begun.point.flags) }
      if point.isUncertain { flags.insert(point.flags) }
    }
    // Of a stretch that is nothing but a break nothing is known.
    let total =
      inside.isKnown || !inside.isBroken ? point.odometer.subtracting(begun.point.odometer) : nil
    try body(
      TotalRow(
        start: begun.at, end: time, total: total, unit: unit, quality: total == nil ? .bad : quality,
        flags: flags.flags, count: count))
  }
}
