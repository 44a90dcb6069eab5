/// How the residuals of a chunk become tokens, and in what contexts: what came out smallest.
struct TokenPlan {
  var tokens = Tokens(split: 4, lead: 1)
  var contexts = TokenContexts(chosen: 0)
  var precision = 0
  var last = 0
  /// Octets of everything behind the head of the chunk; an octet or two above or below what it takes in the end.
  var size = Int.max
}

/// Looks for the plan: counts once as finely as any plan asks, and adds up.
struct TokenPlanner: ~Copyable {
  private static let finest = Tokens(split: Tokens.largestSplit, lead: Tokens.largestLead)
  private static let finestCount = 1 << finest.split + (64 - finest.split) << finest.lead
  private static let places = TokenContexts.thresholds.count + 1

  /// One choice of tokens: what each finest token becomes.
  private struct Choice {
    let tokens: Tokens
    let token: [UInt8]
    let extra: [UInt8]
    /// How many of the finest tokens have a token that goes into an octet.
    let usable: Int
  }

  /// These few are within 0.1 % of trying all, on the household series and on simulated meters.
  private static let choices: [Choice] = [(1, 0), (2, 0), (3, 0), (4, 1), (5, 1), (6, 1), (7, 1)].map { split, lead in
    let tokens = Tokens(split: split, lead: lead)
    var token: [UInt8] = []
    var extra: [UInt8] = []
    for place in 0..<finestCount {
      guard let least = finest.residuals(place)?.least else { break }
      let coarse = tokens.token(least)
      guard coarse.token <= Tokens.largestToken else { break }
      token.append(UInt8(coarse.token))
      extra.append(UInt8(coarse.extra))
    }
    return Choice(tokens: tokens, token: token, extra: extra, usable: token.count)
  }

  private var fine = Scratch<UInt32>(places * finestCount)
  private var coarse = Scratch<UInt32>(places * 256)
  private var frequencies = Scratch<UInt16>(256)
  private var highest = 0

  private mutating func count(_ residuals: UnsafeBufferPointer<UInt64>) {
    let counts = fine.start
    counts.update(repeating: 0, count: TokenPlanner.places * TokenPlanner.finestCount)
    var row = 0
    var highest = 0
    for residual in residuals {
      let token = TokenPlanner.finest.token(residual).token
      counts[row &+ token] &+= 1
      highest = max(highest, token)
      row = TokenContexts.place(residual) &* TokenPlanner.finestCount
    }
    self.highest = highest
  }

  /// What a choice costs in 1/256 bit; nil: it has no token for the highest residual.
  private mutating func cost(_ choice: Int, _ contexts: TokenContexts, _ precision: Int) -> (cost: Int, last: Int)? {
    let choice = TokenPlanner.choices[choice]
    guard highest < choice.usable else { return nil }
    let last = Int(choice.token[highest])
    let counts = coarse.start
    counts.update(repeating: 0, count: contexts.count * 256)
    var extra = 0
    choice.token.withUnsafeBufferPointer { token in
      choice.extra.withUnsafeBufferPointer { digits in
        for place in 0..<TokenPlanner.places {
          let from = fine.start + place * TokenPlanner.finestCount
          let to = counts + contexts.context(place: place) * 256
          for index in 0...highest {
            to[Int(token[index])] &+= from[index]
            extra &+= Int(from[index]) &* Int(digits[index])
          }
        }
      }
    }
    var cost = extra * 256
    for context in 0..<contexts.count {
      cost += TokenFrequencies.cost(
        counts + context * 256, last: last, precision: precision, scratch: frequencies.start)
    }
    return (cost, last)
  }

  mutating func plan(_ residuals: UnsafeBufferPointer<UInt64>) -> TokenPlan {
    count(residuals)
    var best = (choice: 0, contexts: TokenContexts(chosen: 0), precision: 0, cost: Int.max, last: 0)
    func consider(_ choice: Int, _ contexts: TokenContexts, _ precision: Int) {
      if let (cost, last) = cost(choice, contexts, precision), cost < best.cost {
        best = (choice, contexts, precision, cost, last)
      }
    }
    for choice in TokenPlanner.choices.indices { consider(choice, best.contexts, 0) }
    var isBetter = true
    while isBetter {
      let (chosen, cost) = (best.contexts.chosen, best.cost)
      for threshold in 0..<TokenContexts.thresholds.count where chosen & 1 << UInt8(threshold) == 0 {
        consider(best.choice, TokenContexts(chosen: chosen | 1 << UInt8(threshold)), 0)
      }
      isBetter = best.cost < cost
    }
    if best.contexts.chosen != 0 {
      for choice in TokenPlanner.choices.indices { consider(choice, best.contexts, 0) }
    }
    for precision in 1...TokenFrequencies.largestPrecision { consider(best.choice, best.contexts, precision) }
    // Tags, state, count of words.
    return TokenPlan(
      tokens: TokenPlanner.choices[best.choice].tokens, contexts: best.contexts, precision: best.precision,
      last: best.last, size: best.cost / 2048 + 3 + 4 + 1)
  }
}
