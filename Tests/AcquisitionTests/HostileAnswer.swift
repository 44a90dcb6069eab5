/// What is sent for one request, as a line of a case says it.
struct HostileAnswer: Sendable {
  enum Part: Sendable {
    case reply
    case replyWrong(String)
    case replyRegisters(Int)
    case exception(UInt8)
    case echo
    case foreign
    case send(String)
    case noise(Int)
  }

  private(set) var parts: [Part] = []
  private(set) var pieceLength: Int?
  private(set) var cut: Int?
  private(set) var hangsUp = false
  /// So many requests later; nil: now.
  private(set) var late: Int?
  /// Whether those are counted of the same unit only.
  private(set) var countsOwn = false

  /// To try a line on.
  private static let example = HostileRequest(bytes: Array(repeating: 1, count: 12), isRTU: false, number: 1)
  static let reply = HostileAnswer([.reply])

  private init(_ parts: [Part]) { self.parts = parts }

  /// Nil where a step cannot be understood.
  init?(_ line: Substring) {
    for step in line.split(separator: ";") {
      guard take(step.split(separator: " ")) else { return nil }
    }
  }

  private mutating func take(_ words: [Substring]) -> Bool {
    guard let first = words.first else { return false }
    let number = words.last.flatMap { Int($0) }
    switch (first, words.count, number) {
    case ("reply", 1, _): parts.append(.reply)
    case ("reply", 3, nil) where words[1] == "wrong" && HostileRequest.fields.contains(words[2]):
      parts.append(.replyWrong(String(words[2])))
    case ("reply", 3, let count?) where words[1] == "registers": parts.append(.replyRegisters(count))
    case ("exception", 2, let code?): parts.append(.exception(UInt8(truncatingIfNeeded: code)))
    case ("echo", 1, _): parts.append(.echo)
    case ("foreign", 1, _): parts.append(.foreign)
    case ("send", 2..., _) where HostileAnswer.example.filled(words.dropFirst().joined()) != nil:
      parts.append(.send(words.dropFirst().joined()))
    case ("noise", 2, let count?): parts.append(.noise(count))
    case ("silence", 1, _): break
    case ("split", 2, let length?) where length > 0: pieceLength = length
    case ("cut", 2, let length?): cut = length
    case ("hang", 2, nil) where words[1] == "up": hangsUp = true
    case ("late", 2, let count?): late = count
    case ("late", 3, let count?) where words[1] == "own": (late, countsOwn) = (count, true)
    default: return false
    }
    return true
  }

  /// Whether the right reply is among what is sent at once.
  func isRight(_ request: HostileRequest, anyUnit: Bool) -> Bool {
    let right =
      [request.frame(request.replyPDU())] + (anyUnit ? [request.frame(request.replyPDU(), wrong: "unit")] : [])
    let sent = bytes(for: request)
    return late == nil
      && right.contains { frame in sent.indices.contains { sent[$0...].starts(with: frame) } }
  }

  func bytes(for request: HostileRequest) -> [UInt8] {
    let bytes = parts.flatMap { self.bytes($0, request) }
    return cut.map { Array(bytes.prefix($0)) } ?? bytes
  }

  private func bytes(_ part: Part, _ request: HostileRequest) -> [UInt8] {
    switch part {
    case .reply: request.frame(request.replyPDU())
    case .replyWrong(let field): request.frame(request.replyPDU(), wrong: field)
    case .replyRegisters(let count): request.frame(request.replyPDU(count: count))
    case .exception(let code): request.frame([request.function | 0x80, code])
    case .echo: request.bytes
    case .foreign: request.foreign
    case .send(let hex): request.filled(hex) ?? []
    case .noise(let count): HostileAnswer.makeNoise(count)
    }
  }

  /// The same bytes each time (xorshift).
  private static func makeNoise(_ count: Int) -> [UInt8] {
    var state: UInt32 = 0x9E37_79B9
    return (0..<count).map { _ in
      state ^= state << 13
      state ^= state >> 17
      state ^= state << 5
      return UInt8(truncatingIfNeeded: state)
    }
  }

  /// `3` or `1-3`
  static func range(_ text: Substring) -> ClosedRange<Int>? {
    let ends = text.split(separator: "-").map { Int($0) }
    guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last else { return nil }
    return first...last
  }
}
