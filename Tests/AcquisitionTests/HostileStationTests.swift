import Foundation
import Testing

/// What a station may do to us: whatever it is, the client closes or contains it and says why, comes back, acknowledges nothing that
/// is not on disk, and no wrong reading is in the archive. The cases and their language: `HostileStationCase.swift`.
///
/// `METERD_CASE=stopdt` runs those whose names contain that.
@Suite struct HostileStationTests {
  /// A broken case file is one failure that says where, not a crash.
  private static let cases = Result { try HostileStationCase.all() }
  /// Few: what else is tested at the same time has clocks.
  private static let gate = HostileGate(places: 3)
  private static let wanted = ProcessInfo.processInfo.environment["METERD_CASE"]

  @Test func everyCaseCanBeRead() throws {
    let cases = try Self.cases.get()
    #expect(cases.count >= 250)
    #expect(Set(cases.map(\.name)).count == cases.count)
  }

  @Test(.timeLimit(.minutes(5)), arguments: ((try? cases.get()) ?? []).filter { wanted.map($0.name.contains) ?? true })
  func survives(script: HostileStationCase) async throws {
    await Self.gate.enter()
    let run = await Result { () async throws in try await HostileStationRun.carryOut(script) }
    await Self.gate.leave()
    let findings = try run.get().findings
    #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))")
  }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
