import ArgumentParser
import Glibc
import Metering
import ServiceLifecycle
import Settings
import Simulation
import UnixSignals

struct Simulate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Simulated meters for every bus of a file that names a loopback address or a pty.",
    discussion: """
      On a pty, and through a converter (rtu-over-tcp), characters travel at the baud rate of the file.

      Example: meterd simulate --config config/demo.toml
      """)

  @Option(help: "The TOML file.") var config: String
  @Option(help: "Another number, another factory.") var seed: UInt64 = 1
  @Option(help: "How long a meter on a serial line takes to answer, in milliseconds.") var turnaround = 10

  func run() async throws {
    let settings = try Console.settings(config)
    do {
      let zone = try Zone(named: settings.site.timeZone)
      let buses = settings.simulatedBuses(turnaroundMilliseconds: turnaround)
      for bus in settings.buses where settings.simulatedBus(bus) == nil {
        Console.error("bus \(bus.id) is left alone: \(bus.words.address) is neither loopback nor a pty of ours")
      }
      let simulator = try Simulator(
        buses: buses, clock: SystemClock(), zoneOffset: { zone.offsetSeconds(at: $0) }, seed: seed)
      _ = try await simulator.start()
      let meters = buses.reduce(0) { $0 + $1.meters.count }
      Console.error(
        "simulating \(Words.count(meters, "meter")) on \(Words.count(buses.count, "bus", "buses")); Ctrl-C ends it")
      for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { break }
      await simulator.stop()
    } catch let error as SimulationError {
      Console.error("meterd simulate: \(error)")
      throw Exit.failure
    }
  }
}
