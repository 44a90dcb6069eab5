import Metering
import ModbusProtocol
import Testing

@testable import Commissioning

@Suite struct RecognitionTests {
  /// Answers from registers of both tables; what is missing is refused.
  private func recognise(
    _ candidates: [Candidate], _ registers: [UInt16: UInt16], identification: [UInt8: String] = [:],
    silent: Bool = false
  ) -> (recognition: Recognition, asked: [ReadRequest]) {
    var recognition = Recognition(candidates, identification: identification)
    var asked: [ReadRequest] = []
    while let request = recognition.next() {
      asked.append(request)
      var data: [UInt8]? = []
      for address in request.address..<(request.address + request.count) {
        data = registers[address].flatMap { value in data.map { $0 + [UInt8(value >> 8), UInt8(value & 0xFF)] } }
      }
      recognition.take(data.map { .data($0) } ?? (silent ? .failed(.timeout) : .exception(2)), for: request)
    }
    return (recognition, asked)
  }

  private let live: [UInt16: UInt16] = [0: 4998, 1: 2312, 2: 0, 3: 1234]

  @Test func valuesThatCouldBeTrueMakeAGuess() throws {
    let (recognition, asked) = recognise([candidate("a", at: 100), candidate("b", at: 0)], live)
    #expect(recognition.guesses.map(\.profile) == ["b"])
    let guess = try #require(recognition.guesses.first)
    #expect(guess.basis == .plausible && guess.score == 1)
    #expect(guess.evidence == ["49.98 Hz", "L1 231.2 V", "1234 kWh"])
    // The model that refused the first register is asked nothing more.
    #expect(asked.map(\.address) == [100, 0, 1, 2])
  }

  @Test(
    arguments: [
      ([0: 4998, 1: 0, 2: 0, 3: 0], false), ([0: 4998, 1: 0, 2: 0, 3: 7], true), ([0: 0, 1: 2312, 2: 0, 3: 9], false),
      ([0: 4998, 1: 30, 2: 0, 3: 9], false),
      ([0: 4400, 1: 2312, 2: 0, 3: 9], false), ([0: 6000, 1: 577, 2: 0, 3: 9], true),
      ([0: 4998, 1: 2312, 2: 65_535, 3: 65_535], false),
    ] as [([UInt16: UInt16], Bool)])
  func plausible(registers: [UInt16: UInt16], isGuessed: Bool) {
    #expect(recognise([candidate("a", at: 0)], registers).recognition.guesses.isEmpty == !isGuessed)
  }

  @Test func aRegisterWithTheModelsNumberCountsMoreThanPlausibility() throws {
    let sign = Candidate.Sign.register(RegisterReference(table: .holding, address: 50, type: .u16), value: 330)
    let candidates = [candidate("plain", at: 0), candidate("marked", at: 0, signs: [sign])]
    let (recognition, _) = recognise(candidates, live.merging([50: 330]) { $1 })
    #expect(recognition.guesses.map(\.profile) == ["marked"])
    #expect(recognition.guesses.first?.basis == .register)
    #expect(recognition.guesses.first?.evidence.first == "holding register 0x32 holds 330")
    // Another number: both are only plausible.
    let others = recognise(candidates, live.merging([50: 331]) { $1 }).recognition.guesses
    #expect(Set(others.map(\.profile)) == ["plain", "marked"])
    #expect(others.allSatisfy { $0.basis == .plausible })
  }

  /// The number may be a coincidence.
  @Test func aRegisterAloneIsNotBelievedAgainstTheValues() {
    let sign = Candidate.Sign.register(RegisterReference(table: .holding, address: 50, type: .u16), value: 330)
    let (recognition, _) = recognise(
      [candidate("plain", at: 0), candidate("marked", at: 200, signs: [sign])], live.merging([50: 330]) { $1 })
    #expect(recognition.guesses.map(\.profile) == ["plain"])
  }

  @Test func whatItSaysOfItselfCountsMost() throws {
    let a = candidate("a", at: 0, signs: [.device(vendor: "Acme", product: "E1")])
    let b = candidate("b", at: 0, signs: [.device(vendor: "Acme", product: "E2")])
    let any = candidate("any", at: 0, signs: [.device(vendor: "Other", product: nil)])
    let says: [UInt8: String] = [0: "Acme", 1: "E1-MID"]
    let (recognition, _) = recognise([b, a, any, candidate("plain", at: 0)], live, identification: says)
    #expect(recognition.guesses.map(\.profile) == ["a"])
    #expect(recognition.guesses.first?.basis == .identification)
    let (other, _) = recognise([a, any], live, identification: [0: "Other"])
    #expect(other.guesses.map(\.profile) == ["any"])
  }

  /// Of twins the one that it names comes first; a name alone is no guess.
  @Test func whatItCallsItselfBreaksTies() {
    let twins = [candidate("acme-e1", at: 0), candidate("acme-e2-mid", at: 0), candidate("acme-e2-mid-x", at: 500)]
    let says: [UInt8: String] = [0: "ACME", 1: "E2 MID"]
    let guesses = recognise(twins, live, identification: says).recognition.guesses
    #expect(guesses.map(\.profile) == ["acme-e2-mid", "acme-e1"])
    #expect(guesses.first?.evidence.first == "it calls itself so")
  }

  @Test func noRegisterThatAnyModelForbidsIsRead() {
    let forbidden = Candidate.Forbidden(table: .input, addresses: 1...1)
    let (recognition, asked) = recognise(
      [candidate("a", at: 0), candidate("b", at: 300, forbidden: [forbidden])], live)
    #expect(!asked.contains { $0.function == .readInputRegisters && $0.address == 1 })
    #expect(recognition.guesses.map(\.profile) == ["a"])  // The frequency is enough.
  }

  @Test func everyRegisterIsReadOnce() {
    let (recognition, asked) = recognise((0..<10).map { candidate("m\($0)", at: 0) }, live)
    #expect(asked.count == 3)
    #expect(recognition.guesses.count == 10)
    #expect(recognition.equalsBeyond(3) == 7)
  }

  @Test func aDeviceThatKeepsSilentIsLeftInPeace() {
    let candidates = (0..<50).map { candidate("m\($0)", at: UInt16(10 * $0)) }
    let (recognition, asked) = recognise(candidates, [:], silent: true)
    #expect(recognition.guesses.isEmpty)
    #expect(asked.count == 8)
  }
}
