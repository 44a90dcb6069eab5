import Acquisition
import ArgumentParser
import Settings

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Reads a file and everything it names; prints all errors, else the polling plan.",
    discussion: """
      The plan: what is asked of each meter (`4:0×34` is function 4, 34 registers from address 0), in rows of their own \
      what is read more rarely; what each bus carries (MOST/SLOT: requests of all its meters in a slot in which everything \
      is due); registers that are read along because a second request would cost more; the disk that five years take. \
      LOAD is the share of time that a serial line is busy, for devices that answer in 30 ms: up to 80 % leaves room for \
      timeouts and second tries. Exit code 0, also with warnings; 78 for a bad file, or for more buses than the system \
      has descriptors for.

      Example: meterd check /etc/meterd/meterd.toml
      """)

  @Argument(help: "The TOML file.") var file: String

  func run() throws {
    let settings = try Console.settings(file)
    Console.print(PollingPlan(settings, meters: try settings.meterPlans()).text)
    if let shortage = FileDescriptors.shortage(buses: settings.buses.count) {
      Console.error("\(file): error: \(shortage)")
      throw Exit.badConfiguration
    }
  }
}
