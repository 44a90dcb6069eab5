import Metering
import Modbus
import Testing

@testable import Commissioning

@Suite struct ProposalTests {
  private let format = SerialFormat(baud: 9600)

  private func unit(_ guesses: [Guess] = [], format: SerialFormat? = SerialFormat(baud: 9600)) -> FoundUnit {
    var unit = FoundUnit(unitID: 7, format: format)
    unit.guesses = guesses
    return unit
  }

  @Test func aGuessIsCalledOne() {
    var two = candidate("b", at: 0)
    two.points[1].side = .secondary
    two.hasCircuits = true
    let guesses = [two, candidate("a", at: 0)].map {
      Guess(candidate: $0, basis: .plausible, score: 1, evidence: [])
    }
    #expect(
      Proposal.meter(unit(guesses), busID: "hall-1", format: format, takenIDs: ["hall-1-7"]) == """
        [[meter]]
        id = "hall-1-7-b"  # choose a name before it runs: it stays for ever
        bus = "hall-1"
        unit = 7
        profile = "b"  # a guess: compare with the type plate; also fits: a
        circuit = 1  # one [[meter]] for each circuit
        ct_ratio = 1.0  # set it: primary / secondary of the current transformers, 500/5 A is 100
        every = "60s"
        """)
  }

  @Test func aFormatOfItsOwnIsWritten() {
    let text = Proposal.meter(
      unit(format: SerialFormat(baud: 2400, parity: .even)), busID: "hall-1", format: format, takenIDs: [])
    #expect(text.contains("profile = \"\"  # not recognised"))
    #expect(text.hasSuffix("parity = \"even\"\nstop_bits = 1"))
    #expect(text.contains("baud = 2400  # otherwise than the bus"))
  }
}
