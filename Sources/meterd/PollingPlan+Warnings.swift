import Acquisition
import Modbus
import Settings

extension PollingPlan {
  /// A line that is busier than this has no room for a timeout or a second try.
  private static let sensibleLoad = 0.8
  /// Many converters and small devices do not manage more over TCP.
  private static let sensibleRequestsPerSecond = 20.0

  /// What will not go as the file says.
  var warnings: [String] {
    settings.buses.compactMap { bus in
      guard let load = load(of: bus) else { return crowded(bus) }
      return load > PollingPlan.sensibleLoad ? overloaded(bus, load) : nil
    } + stationWarnings
  }

  private func overloaded(_ bus: Settings.Bus, _ load: Double) -> String {
    func percent(_ share: Double) -> String { PollingPlan.decimal(share * 100, digits: 0) + " %" }
    let costs = meters(on: bus).map { (meter: $0, load: self.load(of: $0, on: bus)) }.sorted { $0.load > $1.load }
    let dearest = costs.prefix(3).map { "\($0.meter.id) \(percent($0.load))" }.joined(separator: ", ")
    let verdict =
      load > 1
      ? "slots will be left out" : "it has no room for a timeout or a second try"
    let factor = PollingPlan.decimal((load / PollingPlan.sensibleLoad * 10).rounded(.up) / 10, digits: 1)
    var cures = ["'every' \(factor) times as long for all"]
    if let baud = bus.modbus.format?.baud {
      let faster = [9600, 19_200, 38_400, 57_600, 115_200].filter { $0 > baud }
      let enough = faster.first { self.load(of: bus, baud: $0) ?? 1 <= PollingPlan.sensibleLoad }
      if let enough, let then = self.load(of: bus, baud: enough) {
        cures.append("baud = \(enough) on the bus and in all its devices (\(percent(then)) then)")
      }
    }
    cures.append("'point_every' for what changes slowly")
    cures.append("a second line for some of its meters")
    return "bus \(bus.id) is asked for \(percent(load)) of what it can carry: \(verdict).\n"
      + "  \(PollingPlan.decimal(requestsPerSecond(on: bus), digits: 1)) requests a second, devices assumed to answer in "
      + "\(MeterPlan.assumedTurnaroundMilliseconds) ms. The dearest: \(dearest).\n"
      + "  What helps, in any mixture:" + cures.map { "\n  - \($0)" }.joined()
  }

  /// TCP: how much time each answer may take.
  private func crowded(_ bus: Settings.Bus) -> String? {
    let rate = requestsPerSecond(on: bus)
    guard rate > PollingPlan.sensibleRequestsPerSecond, bus.pipeline == 1 else { return nil }
    return "bus \(bus.id) is asked \(PollingPlan.decimal(rate, digits: 0)) times a second, which leaves "
      + "\(PollingPlan.decimal(1000 / rate, digits: 0)) ms for each answer.\n"
      + "  Behind a converter that is too much; a device that takes several requests at once wants 'pipeline'"
  }
}
