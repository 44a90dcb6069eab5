import Testing

@testable import IEC104

/// One line per course of a procedure: what is asked for, what the station says, what comes of it.
/// Source: IEC 60870-5-101 clauses 7.3.4, 7.4.5, 7.4.8, 7.2.6.22 and 7.2.6.23, IEC 60870-5-5 clauses 6.5 to 6.9.
@Suite struct ProceduresTests {
  struct Line: Sendable, CustomTestStringConvertible {
    let name: String
    let kind: Procedures.Kind
    let steps: [StationStep]
    let actions: [String]

    init(_ name: String, _ kind: Procedures.Kind, _ steps: [StationStep], _ actions: [String]) {
      (self.name, self.kind, self.steps, self.actions) = (name, kind, steps, actions)
    }

    var testDescription: String { name }
  }

  private static let timeout = ProceduresBench.timeout

  static let general: [Line] = [
    Line(
      "interrogation", .general(qualifier: 20), [.says(100, 7, 20), .value(cause: 20), .says(100, 10, 20)],
      ["began general 20", "C_IC 0x14", "ended general 20: complete"]),
    Line(
      "interrogation of a group", .general(qualifier: 36), [.says(100, 7, 36), .value(cause: 36), .says(100, 10, 36)],
      ["began general 36", "C_IC 0x24", "ended general 36: complete"]),
    Line(
      "without data", .general(qualifier: 20), [.says(100, 7, 20), .says(100, 10, 20)],
      ["began general 20", "C_IC 0x14", "ended general 20: complete"]),
    Line(
      "termination without confirmation", .general(qualifier: 20), [.value(cause: 20), .says(100, 10, 20)],
      ["began general 20", "C_IC 0x14", "ended general 20: complete"]),
    Line(
      "the answer to another group", .general(qualifier: 21),
      [.says(100, 7, 22), .says(100, 10, 22), .says(100, 47, 22), .pass(timeout)],
      ["began general 21", "C_IC 0x15", "ended general 21: without the confirmation"]),
    Line(
      "no answer", .general(qualifier: 20), [.pass(timeout - 1), .pass(1)],
      ["began general 20", "C_IC 0x14", "ended general 20: without the confirmation"]),
    Line(
      "no data", .general(qualifier: 20), [.pass(timeout - 1), .says(100, 7, 20), .pass(timeout - 1), .pass(1)],
      ["began general 20", "C_IC 0x14", "ended general 20: without the termination"]),
    Line(
      "no termination", .general(qualifier: 20),
      [
        .says(100, 7, 20), .pass(timeout - 1), .value(cause: 20), .pass(timeout - 1), .value(cause: 20), .pass(timeout),
      ],
      ["began general 20", "C_IC 0x14", "ended general 20: without the termination"]),
    Line(
      "data, but neither confirmation nor termination", .general(qualifier: 20), [.value(cause: 20), .pass(timeout)],
      ["began general 20", "C_IC 0x14", "ended general 20: without the termination"]),
    Line(
      "spontaneous data do not keep it alive", .general(qualifier: 20),
      [.says(100, 7, 20), .pass(timeout - 1), .value(cause: 3), .totals(cause: 37), .pass(1)],
      ["began general 20", "C_IC 0x14", "ended general 20: without the termination"]),
    Line(
      "negative confirmation, no cause", .general(qualifier: 20), [.says(100, 0x47, 20), .pass(250)],
      ["began general 20", "C_IC 0x14", "ended general 20: refused 7 negative"]),
    // c104 confirms negatively and says why after that, with P/N = 0.
    Line(
      "negative confirmation, then its cause", .general(qualifier: 20), [.says(100, 0x47, 20), .says(100, 46, 20)],
      ["began general 20", "C_IC 0x14", "ended general 20: refused 46"]),
    Line(
      "negative termination", .general(qualifier: 20), [.says(100, 7, 20), .says(100, 0x4A, 20)],
      ["began general 20", "C_IC 0x14", "ended general 20: refused 10 negative"]),
    Line(
      "refused after data", .general(qualifier: 20), [.says(100, 7, 20), .value(cause: 20), .says(100, 0x6D, 20)],
      ["began general 20", "C_IC 0x14", "ended general 20: refused 45 negative"]),
    Line(
      "a deactivation confirmation is no answer", .general(qualifier: 20), [.says(100, 9, 20), .says(100, 0x49, 20)],
      ["began general 20", "C_IC 0x14"]),
    Line(
      "test data (T = 1) count for nothing", .general(qualifier: 20),
      [.says(100, 0x87, 20), .says(100, 0x8A, 20), .pass(timeout - 1), .value(cause: 0x94), .pass(1)],
      ["began general 20", "C_IC 0x14", "ended general 20: without the confirmation"]),
    Line(
      "link lost before the confirmation", .general(qualifier: 20), [.linkLost, .says(100, 7, 20), .says(100, 10, 20)],
      ["began general 20", "C_IC 0x14", "ended general 20: link lost"]),
    Line(
      "link lost before the termination", .general(qualifier: 20),
      [.says(100, 7, 20), .value(cause: 20), .linkLost, .linkStarted, .says(100, 10, 20)],
      ["began general 20", "C_IC 0x14", "ended general 20: link lost"]),
    Line(
      "answers after the end", .general(qualifier: 20),
      [.says(100, 7, 20), .says(100, 10, 20), .value(cause: 20), .says(100, 10, 20)],
      ["began general 20", "C_IC 0x14", "ended general 20: complete"]),
    Line(
      "no such qualifier", .general(qualifier: 19), [],
      ["ended general 19: not sent: \(ASDUFault.field("group of an interrogation", -1))"]),
  ]

  /// Every refusal, with either P/N, and again after it.
  static let refusals: [Line] = (UInt8(44)...47).flatMap { cause in
    [UInt8(0), 0x40].flatMap { negative in
      [
        (Procedures.Kind.general(qualifier: 20), UInt8(100), UInt8(20), "general 20", "C_IC 0x14"),
        (.counter(.read, qualifier: 5), 101, 5, "read 5", "C_CI 0x05"),
        (.counter(.freeze, qualifier: 5), 101, 0x45, "freeze 5", "C_CI 0x45"),
        (.counter(.freezeReset, qualifier: 5), 101, 0x85, "freezeReset 5", "C_CI 0x85"),
        (.read(objectAddress: 0), 102, 0, "object 0", "C_RD 0x00"),
        (.clockSynchronization, 103, 0, "clock", "C_CS"), (.test, 107, 1, "test", "C_TS 1"),
      ].map { kind, type, qualifier, name, asked in
        Line(
          "\(name) refused twice with \(cause | negative)", kind,
          [.says(type, cause | negative, qualifier), .says(type, cause | negative, qualifier), .pass(timeout)],
          ["began \(name)", asked, "ended \(name): refused \(cause)\(negative > 0 ? " negative" : "")"])
      }
    }
  }

  static let counter: [Line] = [
    Line(
      "read", .counter(.read, qualifier: 5), [.says(101, 7, 5), .totals(cause: 37), .says(101, 10, 5)],
      ["began read 5", "C_CI 0x05", "ended read 5: complete"]),
    Line(
      "read a group", .counter(.read, qualifier: 4), [.says(101, 7, 4), .totals(cause: 41), .says(101, 10, 4)],
      ["began read 4", "C_CI 0x04", "ended read 4: complete"]),
    Line(
      "read without confirmation", .counter(.read, qualifier: 5), [.pass(timeout)],
      ["began read 5", "C_CI 0x05", "ended read 5: without the confirmation"]),
    Line(
      "read without termination", .counter(.read, qualifier: 5),
      [.says(101, 7, 5), .pass(timeout - 1), .totals(cause: 37), .pass(timeout - 1), .value(cause: 20), .pass(1)],
      ["began read 5", "C_CI 0x05", "ended read 5: without the termination"]),
    Line(
      "freeze, then read", .counter(.freeze, qualifier: 5),
      [.says(101, 7, 0x45), .says(101, 7, 5), .totals(cause: 37), .says(101, 10, 5)],
      ["began freeze 5", "C_CI 0x45", "C_CI 0x05", "ended freeze 5: complete"]),
    Line(
      "a station that terminates the freeze too", .counter(.freeze, qualifier: 5),
      [
        .says(101, 7, 0x45), .totals(cause: 37), .says(101, 10, 0x45), .says(101, 7, 5), .totals(cause: 37),
        .says(101, 10, 5),
      ],
      ["began freeze 5", "C_CI 0x45", "C_CI 0x05", "ended freeze 5: complete"]),
    Line(
      "a freeze that is terminated, not confirmed", .counter(.freeze, qualifier: 5), [.says(101, 10, 0x45)],
      ["began freeze 5", "C_CI 0x45"]),
    Line(
      "freeze unconfirmed: read all the same, and say so", .counter(.freeze, qualifier: 5),
      [.pass(timeout), .says(101, 7, 5), .totals(cause: 37), .says(101, 10, 5)],
      ["began freeze 5", "C_CI 0x45", "C_CI 0x05", "ended freeze 5: freeze unconfirmed"]),
    Line(
      "freeze confirmed late, before the read", .counter(.freeze, qualifier: 5),
      [.pass(timeout), .says(101, 7, 0x45), .says(101, 7, 5), .totals(cause: 37), .says(101, 10, 5)],
      ["began freeze 5", "C_CI 0x45", "C_CI 0x05", "ended freeze 5: complete"]),
    Line(
      "freeze confirmed too late, after the read", .counter(.freeze, qualifier: 5),
      [.pass(timeout), .says(101, 7, 5), .says(101, 7, 0x45), .says(101, 10, 5)],
      ["began freeze 5", "C_CI 0x45", "C_CI 0x05", "ended freeze 5: freeze unconfirmed"]),
    Line(
      "freeze refused late", .counter(.freeze, qualifier: 5),
      [.pass(timeout), .says(101, 0x47, 0x45), .says(101, 7, 5), .says(101, 10, 5)],
      ["began freeze 5", "C_CI 0x45", "C_CI 0x05", "ended freeze 5: freeze unconfirmed"]),
    Line(
      "freeze confirmed, no answer to the read", .counter(.freeze, qualifier: 5),
      [.says(101, 7, 0x45), .pass(timeout)],
      ["began freeze 5", "C_CI 0x45", "C_CI 0x05", "ended freeze 5: without the confirmation"]),
    Line(
      "freeze confirmed, read refused", .counter(.freeze, qualifier: 5),
      [.says(101, 7, 0x45), .says(101, 0x6C, 5)],
      ["began freeze 5", "C_CI 0x45", "C_CI 0x05", "ended freeze 5: refused 44 negative"]),
    Line(
      "no answer at all to a freeze", .counter(.freeze, qualifier: 5), [.pass(timeout), .pass(timeout)],
      ["began freeze 5", "C_CI 0x45", "C_CI 0x05", "ended freeze 5: without the confirmation"]),
    Line(
      "freeze with reset", .counter(.freezeReset, qualifier: 2),
      [.says(101, 7, 0x82), .says(101, 7, 2), .totals(cause: 39), .says(101, 10, 2)],
      ["began freezeReset 2", "C_CI 0x82", "C_CI 0x02", "ended freezeReset 2: complete"]),
    Line(
      "freeze with reset unconfirmed is not repeated", .counter(.freezeReset, qualifier: 5),
      [.pass(timeout), .pass(timeout)],
      ["began freezeReset 5", "C_CI 0x85", "C_CI 0x05", "ended freezeReset 5: without the confirmation"]),
    Line(
      "freeze with reset, link lost before its confirmation", .counter(.freezeReset, qualifier: 5),
      [.linkLost, .linkStarted, .says(101, 7, 5), .totals(cause: 37), .says(101, 10, 5)],
      [
        "began freezeReset 5", "C_CI 0x85", "ended freezeReset 5: link lost", "began read 5", "C_CI 0x05",
        "ended read 5: complete",
      ]),
    Line(
      "freeze with reset, link lost before its totals", .counter(.freezeReset, qualifier: 3),
      [.says(101, 7, 0x83), .linkLost, .linkStarted, .says(101, 7, 3), .linkLost, .linkStarted, .says(101, 10, 3)],
      [
        "began freezeReset 3", "C_CI 0x83", "C_CI 0x03", "ended freezeReset 3: link lost", "began read 3",
        "C_CI 0x03", "ended read 3: link lost", "began read 3", "C_CI 0x03", "ended read 3: complete",
      ]),
    Line(
      "no such request", .counter(.freezeReset, qualifier: 6), [.linkLost, .linkStarted],
      ["ended freezeReset 6: not sent: \(ASDUFault.field("request of a counter interrogation", 6))"]),
  ]

  static let others: [Line] = [
    Line(
      "read an object", .read(objectAddress: 0x4001), [.value(cause: 5)],
      ["began object 16385", "C_RD 0x00", "ended object 16385: complete"]),
    Line(
      "the value of another cause", .read(objectAddress: 0x4001),
      [.value(cause: 3), .value(cause: 20), .pass(timeout)],
      ["began object 16385", "C_RD 0x00", "ended object 16385: without the value"]),
    Line(
      "another object's value", .read(objectAddress: 0x4002), [.value(cause: 5), .pass(timeout)],
      ["began object 16386", "C_RD 0x00", "ended object 16386: without the value"]),
    Line(
      "read, link lost", .read(objectAddress: 0x4001), [.linkLost],
      ["began object 16385", "C_RD 0x00", "ended object 16385: link lost"]),
    Line(
      "clock, its time not echoed", .clockSynchronization, [.says(103, 7, 0)],
      ["began clock", "C_CS", "ended clock: complete"]),
    Line(
      "clock refused", .clockSynchronization, [.says(103, 0x47, 0), .pass(250)],
      ["began clock", "C_CS", "ended clock: refused 7 negative"]),
    Line(
      "the station's own clock message", .clockSynchronization, [.says(103, 3, 0), .pass(timeout)],
      ["began clock", "C_CS", "ended clock: without the confirmation"]),
    Line(
      "clock, link lost", .clockSynchronization, [.linkLost], ["began clock", "C_CS", "ended clock: link lost"]),
    Line("test", .test, [.says(107, 7, 1)], ["began test", "C_TS 1", "ended test: complete"]),
    Line(
      "test confirmed without time", .test, [.says(104, 7, 0xAA)], ["began test", "C_TS 1", "ended test: complete"]),
    Line(
      "no answer to a test", .test, [.pass(timeout)], ["began test", "C_TS 1", "ended test: without the confirmation"]),
    Line("test, link lost", .test, [.linkLost], ["began test", "C_TS 1", "ended test: link lost"]),
  ]

  @Test(arguments: general + refusals + counter + others) func course(line: Line) {
    var bench = ProceduresBench()
    bench.request(line.kind)
    for step in line.steps { step.carryOut(&bench) }
    #expect(words(bench.take()) == line.actions)
    if line.actions.last?.hasPrefix("ended") == true { #expect(bench.procedures.nextDeadline == nil) }
  }

  @Test func theEchoOfATestMustBeItsOwn() {
    var bench = ProceduresBench()
    bench.request(.test)
    bench.station(107, 7, element: [2, 0, 0, 0, 0, 0, 0, 0, 0])
    #expect(words(bench.take()) == ["began test", "C_TS 1"])
    bench.station(107, 7, element: [1, 0, 0, 0, 0, 0, 0, 0, 0])
    #expect(words(bench.take()) == ["ended test: complete"])
  }

  /// An object can come anywhere in an ASDU, with one address each or one for all.
  @Test(arguments: [
    (UInt8(2), UInt32(0x4002), true), (2, 0x4003, false), (0x83, 0x4003, true), (0x83, 0x4004, false),
    (0, 0x4001, false),
    (0x80, 0x4001, false), (0x7F, 0x7FFF, false),
  ])
  func findsTheObjectThatWasRead(vsq: UInt8, wanted: UInt32, isFound: Bool) {
    var bench = ProceduresBench()
    bench.request(.read(objectAddress: wanted))
    bench.station(1, 5, objectAddress: 0x4001, element: [1, 0x02, 0x40, 0, 1], vsq: vsq)
    #expect(words(bench.take()).last?.hasPrefix("ended") == isFound)
  }

  @Test func aTruncatedRefusalIsARefusal() {
    var bench = ProceduresBench()
    bench.request(.counter(.freeze, qualifier: 5))
    bench.receive([101, 1, 45, 0, 1, 0])
    #expect(words(bench.take()).last == "ended freeze 5: refused 45")
  }

  @Test func aStationThatNeverEndsItsAnswerIsEndedAfterSixtyTimeouts() {
    var bench = ProceduresBench()
    bench.request(.general(qualifier: 20))
    bench.station(100, 7, element: [20])
    for _ in 0..<120 {
      bench.pass(ProceduresBench.timeout / 2)
      bench.station(13, 20, objectAddress: 1, element: [0, 0, 0, 0, 0])
    }
    #expect(words(bench.take()).last == "ended general 20: without the termination")
  }

  @Test func whatCannotBeSentEndsAtOnce() {
    var bench = ProceduresBench()
    bench.request(.clockSynchronization)
    bench.procedures.notSent(.clockSynchronization, commonAddress: 2, because: "no", at: bench.now)
    bench.procedures.notSent(.clockSynchronization, commonAddress: 1, because: "the time is not known", at: bench.now)
    bench.procedures.notSent(.clockSynchronization, commonAddress: 1, because: "no", at: bench.now)
    #expect(words(bench.take()) == ["began clock", "C_CS", "ended clock: not sent: the time is not known"])
  }
}
