import Decoding
import Metering
import ModbusProtocol

/// Which of the known models one unit may be, without I/O: says what to read next, takes the answers.
///
/// What the unit says of itself (function 43) counts most, then a register with the number of a model, then whether the
/// values of a model could be true. No register is read that any of the models forbids: until it is known which one it is,
/// all of them may be it.
struct Recognition {
  private let candidates: [Candidate]
  private let forbidden: [Candidate.Forbidden]
  /// What was read, by request; every register once.
  private var blocks: [ReadRequest: Block] = [:]
  private var verdicts: [Verdict]
  /// Reads that were not answered: some devices keep silent where they have no registers, and each costs a timeout.
  private var silences = 0
  private static let mostSilences = 8

  /// The models that are left, the best first.
  private(set) var guesses: [Guess] = []
  private var isOver = false

  private struct Verdict {
    var basis: Guess.Basis?
    var signs: ArraySlice<RegisterSign>
    var checks: ArraySlice<Plausibility.Check>
    var points = 0
    var most = 0
    var evidence: [String] = []
    var isRefuted = false
  }

  private struct RegisterSign: Hashable {
    var register: RegisterReference
    var value: UInt64
  }

  init(_ candidates: [Candidate], identification: [UInt8: String]) {
    self.candidates = candidates
    forbidden = candidates.flatMap(\.forbidden)
    verdicts = candidates.map { candidate in
      var verdict = Verdict(
        signs: candidate.signs.compactMap { sign in
          if case .register(let register, let value) = sign { return RegisterSign(register: register, value: value) }
          return nil
        }[...], checks: Plausibility.checks(of: candidate)[...])
      for case .device(let vendor, let product) in candidate.signs where verdict.basis == nil {
        let names = [1, 4, 5].compactMap { identification[$0] }
        let isProduct = product.map { product in names.contains { $0.hasPrefix(product) } } ?? true
        guard identification[0] == vendor, isProduct else { continue }
        verdict.basis = .identification
        verdict.evidence = ["it says: \(([vendor] + names).joined(separator: " "))"]
      }
      if Recognition.names(candidate, identification) {
        verdict.points = 2
        verdict.most = 2
        verdict.evidence.append("it calls itself so")
      }
      return verdict
    }
    // Where it says what it is, others need not be asked for.
    if verdicts.contains(where: { $0.basis != nil }) {
      for index in verdicts.indices where verdicts[index].basis == nil { verdicts[index].isRefuted = true }
    }
  }

  /// What to read next; nil at the end.
  mutating func next() -> ReadRequest? {
    while !isOver {
      if silences < Recognition.mostSilences {
        if let request = nextOfSigns() { return request }
        if let request = nextOfChecks() { return request }
      }
      finish()
    }
    return nil
  }

  mutating func take(_ result: ReadResult, for request: ReadRequest) {
    if case .failed = result { silences += 1 }
    blocks[request] = Block(request, result)
  }

  /// How many models beyond the first `count` fit as well as the last of those.
  func equalsBeyond(_ count: Int) -> Int {
    guard guesses.count > count else { return 0 }
    let last = guesses[count - 1]
    return guesses[count...].count { $0.basis == last.basis && $0.score == last.score }
  }

  /// Whether every part of the profile's name behind the maker stands in what the unit says of itself.
  private static func names(_ candidate: Candidate, _ identification: [UInt8: String]) -> Bool {
    let parts = candidate.profile.split(separator: "-").dropFirst()
    let texts = identification.values.map { $0.lowercased() }
    return !parts.isEmpty && parts.allSatisfy { part in texts.contains { $0.contains(part) } }
  }

  // MARK: - Steps

  private mutating func nextOfSigns() -> ReadRequest? {
    for index in verdicts.indices where !verdicts[index].isRefuted && verdicts[index].basis == nil {
      while let sign = verdicts[index].signs.first {
        guard let request = ReadRequest(sign.register), !touchesForbidden(request) else {
          verdicts[index].signs.removeFirst()
          continue
        }
        guard let block = blocks[request] else { return request }
        verdicts[index].signs.removeFirst()
        let wanted = ExactDecimal(significand: Int128(sign.value), exponent: 0)
        guard Recognition.value(of: sign.register, in: block) == wanted else { continue }
        verdicts[index].basis = .register
        let hex = String(sign.register.address, radix: 16, uppercase: true)
        verdicts[index].evidence = ["\(sign.register.table.rawValue) register 0x\(hex) holds \(sign.value)"]
        verdicts[index].signs = []
      }
    }
    return nil
  }

  /// Models that are recognised first; where one of them holds, the others are not tried.
  private mutating func nextOfChecks() -> ReadRequest? {
    for isRecognised in [true, false] {
      for index in verdicts.indices where (verdicts[index].basis != nil) == isRecognised {
        if let request = nextCheck(of: index) { return request }
      }
      if isRecognised, verdicts.contains(where: { $0.basis != nil && !$0.isRefuted }) { return nil }
    }
    return nil
  }

  private mutating func nextCheck(of index: Int) -> ReadRequest? {
    while !verdicts[index].isRefuted, let check = verdicts[index].checks.first {
      let requests = check.point.registers.compactMap { ReadRequest($0) }
      guard requests.count == check.point.registers.count, !requests.contains(where: touchesForbidden) else {
        verdicts[index].checks.removeFirst()
        continue
      }
      if let missing = requests.first(where: { blocks[$0] == nil }) { return missing }
      verdicts[index].checks.removeFirst()
      verdicts[index].most += check.weight
      switch check.judge(requests.compactMap { blocks[$0] }) {
      case .fits(let points, let words):
        verdicts[index].points += points
        verdicts[index].evidence.append(words)
      case .saysNothing: break
      case .contradicts: verdicts[index].isRefuted = true
      }
    }
    return nil
  }

  private mutating func finish() {
    isOver = true
    guesses = zip(candidates, verdicts).compactMap { candidate, verdict -> (Guess, points: Int)? in
      if verdict.isRefuted || verdict.basis == nil && verdict.points < Plausibility.leastPoints { return nil }
      let score = verdict.most == 0 ? 0 : Double(verdict.points) / Double(verdict.most)
      return (
        Guess(
          candidate: candidate, basis: verdict.basis ?? .plausible, score: score, evidence: verdict.evidence),
        verdict.points
      )
    }.sorted { a, b in
      let (first, second) = (a.0.basis == .plausible ? 1 : 0, b.0.basis == .plausible ? 1 : 0)
      return (first, -a.points, -a.0.score, a.0.profile) < (second, -b.points, -b.0.score, b.0.profile)
    }.map(\.0)
  }

  private func touchesForbidden(_ request: ReadRequest) -> Bool {
    let addresses = Int(request.address)..<(Int(request.address) + Int(request.count))
    return forbidden.contains {
      ReadFunction($0.table) == request.function
        && addresses.overlaps(Int($0.addresses.lowerBound)..<(Int($0.addresses.upperBound) + 1))
    }
  }

  private static func value(of register: RegisterReference, in block: Block) -> ExactDecimal? {
    let point = Definition.Point(quantity: "x_sign", unit: "1", kind: .gauge, register: register)
    return Plausibility.reading(of: point, in: [block])?.value
  }
}

extension ReadFunction {
  init(_ table: RegisterTable) {
    self =
      switch table {
      case .coil: .readCoils
      case .discrete: .readDiscreteInputs
      case .holding: .readHoldingRegisters
      case .input: .readInputRegisters
      }
  }
}

extension ReadRequest {
  /// That value and nothing else.
  init?(_ register: RegisterReference) {
    self.init(function: ReadFunction(register.table), address: Int(register.address), count: register.width)
  }
}

extension Block {
  /// What decoding needs to know of an answer.
  init(_ request: ReadRequest, _ result: ReadResult) {
    let table = RegisterTable.allCases.first { ReadFunction($0) == request.function } ?? .holding
    let (outcome, bytes): (Outcome, [UInt8]) =
      switch result {
      case .data(let bytes): (.ok, bytes)
      case .exception(let code): (.exception(code), [])
      case .failed: (.timeout, [])
      }
    self.init(table: table, address: request.address, count: request.count, outcome: outcome, bytes: bytes)
  }
}
