import ArgumentParser
import Glibc
import Metering
import ServiceLifecycle
import Settings
import Simulation
import UnixSignals

struct Simulate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Simulated meters for every bus and station of a file that names a loopback address or a pty.",
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
      let stations = settings.simulatedStations
      for station in settings.stations where !station.isLoopback || station.tls != nil {
        let why =
          station.isLoopback ? "it has TLS, and the station's own key is not in this file" : "it is no loopback address"
        Console.error("station \(station.id) is left alone: \(why)")
      }
      let simulator = try Simulator(
        buses: buses, stations: stations, clock: SystemClock(), zoneOffset: { zone.offsetSeconds(at: $0) }, seed: seed)
      _ = try await simulator.start()
      let meters = buses.reduce(0) { $0 + $1.meters.count } + stations.reduce(0) { $0 + $1.meters.count }
      let plant = Words.plant(meters: meters, buses: buses.count, stations: stations.count)
      Console.error("simulating \(plant); Ctrl-C ends it")
      for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { break }
      await simulator.stop()
    } catch let error as SimulationError {
      Console.error("meterd simulate: \(error)")
      throw Exit.failure
    }
  }
}
