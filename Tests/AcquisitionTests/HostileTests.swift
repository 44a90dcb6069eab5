import Foundation
import Metering
import Testing

/// What a device, a converter or a line may do to us: whatever it is, no wrong reading is in the archive, and service is
/// resumed within two cycles. The cases and their language: `HostileCase.swift`.
///
/// `METERD_CASE=late` runs those whose names contain that, and prints what happened in each.
@Suite struct HostileTests {
  /// A broken case file is one failure that says where, not a crash.
  private static let cases = Result { try HostileCase.all() }
  private static let gate = HostileGate(places: 16)

  @Test func everyCaseCanBeRead() throws {
    let cases = try Self.cases.get()
    for transport in HostileCase.Transport.allCases { #expect(cases.count { $0.transport == transport } >= 30) }
  }

  private static let wanted = ProcessInfo.processInfo.environment["METERD_CASE"]

  @Test(arguments: ((try? cases.get()) ?? []).filter { wanted.map($0.testDescription.contains) ?? true })
  func survives(script: HostileCase) async throws {
    // A machine that held the device up decides nothing: another try. A wrong reading has no excuse.
    for attempt in 1...6 {
      await Self.gate.enter()
      let run: HostileRun
      do { run = try await HostileRun.carryOut(script) } catch {
        await Self.gate.leave()
        throw error
      }
      await Self.gate.leave()
      if Self.wanted != nil { print("\(script.testDescription)\n\(run.account)") }
      #expect(run.wrongReadings.isEmpty, "\(run.account)")
      if run.findings.isEmpty || !run.wrongReadings.isEmpty { return }
      if !run.isDisturbed || attempt == 6 {
        Issue.record("\(run.findings.joined(separator: "; "))\n\(run.account)")
        return
      }
    }
  }
}

/// Lets so many in at a time.
actor HostileGate {
  private var places: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(places: Int) { self.places = places }

  func enter() async {
    if places > 0 {
      places -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  func leave() {
    if waiting.isEmpty { places += 1 } else { waiting.removeFirst().resume() }
  }
}

extension HostileRun {
  /// What happened, for a person who looks for the reason.
  var account: String {
    let events = log.events.map { event -> String in
      let request = event.request
      let flags = (event.isIll ? " ill" : "") + (event.isRight ? "" : " not-right") + (event.isPrompt ? "" : " slow")
      return
        "  \(event.at % 100_000) unit \(request.unitID) #\(request.number) \(request.address)×\(request.count)\(flags)"
    }
    let archived = observations.values.flatMap { $0 }.sorted { $0.seq < $1.seq }.map { observation -> String in
      let due = observation.due.map { String($0.milliseconds % 100_000) } ?? "-"
      guard case .poll(let blocks) = observation.content else {
        return "  \(due) \(observation.meterID) \(observation.content)"
      }
      let outcomes = blocks.map { "\($0.address)×\($0.count) \($0.outcome.flag)" }.joined(separator: ", ")
      return "  \(due) \(observation.meterID) \(outcomes)"
    }
    return (["device (late sent \(log.lateSent), given up \(log.lateGivenUp)):"] + events + ["archive:"] + archived)
      .joined(separator: "\n")
  }
}
