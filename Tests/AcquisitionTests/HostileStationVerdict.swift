import Acquisition
import Metering

extension HostileStationRun {
  /// What is not as the case says; empty: all is well.
  var findings: [String] {
    if let problem = log.problem { return ["the script stopped \(problem)"] }
    guard isOver, let status else { return ["the last value never came"] }
    return archiveFindings + readingFindings + connectionFindings(status) + statusFindings(status)
  }

  private var archiveFindings: [String] {
    var findings: [String] = []
    if let early = log.early { findings.append("acknowledged too early: \(early)") }
    if !log.wasStopped { findings.append("data transfer was not stopped at the end") }
    if log.wasStopped, !log.wasAcknowledged { findings.append("not everything was acknowledged before STOPDT") }
    if asdus != log.delivered {
      let place = zip(asdus, log.delivered).prefix { $0 == $1 }.count
      let (archived, sent) = (asdus.dropFirst(place).first ?? [], log.delivered.dropFirst(place).first ?? [])
      findings.append(
        "\(asdus.count) ASDUs archived, \(log.delivered.count) delivered; the first that differs is number \(place): "
          + "archived \(HostileStationRun.hex(archived)), delivered \(HostileStationRun.hex(sent))")
    }
    return findings
  }

  private var readingFindings: [String] {
    let found = readings.filter { $0.origin != nil && $0.quantity != "x_last" }.map(HostileStationRun.words)
    var findings: [String] = []
    if found != script.readings { findings.append("readings \(found), not \(script.readings)") }
    let invented = readings.filter { $0.origin == nil && $0.shown != nil }
    if !invented.isEmpty { findings.append("values that nobody sent: \(invented.map(HostileStationRun.words))") }
    if !readings.contains(where: { $0.quantity == "x_last" && $0.shown == "99" && $0.quality == .good }) {
      findings.append("the last value is no reading")
    }
    return findings
  }

  private func connectionFindings(_ status: Acquisition.StationState) -> [String] {
    let accepts = script.steps.reduce(1) { $0 + $1.accepts }
    let connections = accepts + (script.end == .contained ? 0 : 1)
    var findings: [String] = []
    if log.connections != connections { findings.append("\(log.connections) connections, not \(connections)") }
    switch script.end {
    case .contained?:
      if accepts == 1, let error = errors.last { findings.append("contained, but the status says '\(error)'") }
    case .closes(let words)?, .ends(let words)?:
      if !errors.contains(where: { $0.contains(words) && $0.hasPrefix("s 127.0.0.1:") }) {
        findings.append("the status says \(errors.last ?? "nothing"), not '\(words)'")
      }
    case nil: findings.append("no end")
    }
    return findings
  }

  private func statusFindings(_ status: Acquisition.StationState) -> [String] {
    var findings: [String] = []
    for (key, value) in script.counts where status.value(of: key) != value {
      findings.append("\(key) is \(status.value(of: key).map(String.init) ?? "unknown"), not \(value)")
    }
    for words in script.says where newest?.contains(words) != true {
      findings.append("the newest error is '\(newest ?? "none")', not '\(words)'")
    }
    for outcome in script.outcomes {
      let last = status.counts.interrogations["\(outcome.isCounter ? "counter" : "general") \(Self.commonAddress)"]
      let words = last.map { "\($0.outcome)" } ?? "none"
      if words != outcome.words { findings.append("the interrogation ended with '\(words)', not '\(outcome.words)'") }
    }
    return findings
  }

  /// `x_me 42`, `x_me - bad invalid`, `x_me 42 uncertain clock`
  static func words(_ reading: Reading) -> String {
    var words = [reading.quantity, reading.shown ?? "-"]
    if reading.quality != .good || !reading.flags.isEmpty { words.append(reading.quality.rawValue) }
    return (words + reading.flags).joined(separator: " ")
  }

  static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}

extension HostileStationStep {
  /// Connections that it waits for.
  fileprivate var accepts: Int {
    switch self {
    case .accept: 1
    case .loop(let count, let steps): steps.reduce(0) { $0 + $1.accepts } * count
    default: 0
    }
  }
}
