/// Waits for a condition. The limit is a guard against waiting for ever, some ten times what it should take.
///
/// - Parameter what: what was waited for, in words; called when it did not come.
public func eventually(
  within limit: Duration = .seconds(60), every pause: Duration = .milliseconds(50), _ what: @autoclosure () -> String,
  _ condition: () async throws -> Bool
) async throws {
  let clock = ContinuousClock()
  let start = clock.now
  while try await !condition() {
    if clock.now - start > limit { throw TestSupportError("in \(limit) never: \(what())") }
    try await Task.sleep(for: pause)
  }
}
