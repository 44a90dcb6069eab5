import Archive
import TestSupport
import Testing

extension PowerCuts {
  /// kill -9 at each step of sealing, repacking and retention, and what the next start makes of it.
  @Suite struct KillTests {
    @Test(arguments: Maintenance.Step.allCases) func everyStepCanBeTheLast(step: Maintenance.Step) async throws {
      let laboratory = try await Laboratory()
      let root = try laboratory.makeRoot("killed")
      defer { laboratory.removeRoot(root) }
      let seed = Laboratory.seed(for: "kill at \(step)")
      let (died, marks) = try await laboratory.kill("archive", ["seed=\(seed)", "days=12", "kill=\(step)"], in: root)
      #expect(died, "\(step) was never reached")
      let arguments = ["seed=\(seed)", "more=40"] + marks.map { "\($0.key)=\($0.value)" }
      #expect(try await laboratory.drive("resume", "archive", arguments, in: root) == [])
    }
  }
}
