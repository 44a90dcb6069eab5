import TestSupport
import Testing

/// A gateway that is broken into cannot operate a breaker: nothing that writes is linked.
@Suite struct ReadOnlyTests {
  @Test func noFunctionThatWritesToADeviceIsLinked() async throws {
    let result = try await run(["nm", "-D", "--undefined-only", Repository.meterd])
    #expect(result.isSuccess, "\(result.errors)")
    let symbols = result.output.split(separator: "\n").compactMap { $0.split(separator: " ").last }
    #expect(symbols.contains("modbus_new_rtu"))
    #expect(symbols.filter { $0.hasPrefix("modbus_write") || $0.hasPrefix("modbus_mask_write") } == [])
  }
}
