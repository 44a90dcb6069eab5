import Metering
import Modbus

/// The lines of TOML for a unit that was found.
public enum Proposal {
  /// - Parameters:
  ///   - format: of the bus in the settings; what differs from it is written.
  ///   - takenIDs: ids of meters that there are already.
  ///   - wasCompared: with known models.
  public static func meter(
    _ unit: FoundUnit, busID: String, format: SerialFormat?, takenIDs: Set<String>, wasCompared: Bool = true
  ) -> String {
    var lines = ["[[meter]]"]
    lines.append(
      "id = \"\(identifier(busID: busID, unit.unitID, takenIDs))\"  # choose a name before it runs: it stays for ever")
    lines.append("bus = \"\(busID)\"")
    lines.append("unit = \(unit.unitID)")
    if let guess = unit.guesses.first {
      lines.append("profile = \"\(guess.profile)\"  # \(remark(guess, unit))")
      if guess.candidate.hasCircuits { lines.append("circuit = 1  # one [[meter]] for each circuit") }
      if guess.candidate.isSecondary {
        lines.append("ct_ratio = 1.0  # set it: primary / secondary of the current transformers, 500/5 A is 100")
      }
      if let point = guess.candidate.points.first(where: \.countsUnknownPulses) {
        lines.append("per_pulse = 1.0  # set it: what a pulse is worth, in \(point.pulseUnit ?? "")")
      }
    } else {
      let why = wasCompared ? "not recognised" : "not compared"
      lines.append("profile = \"\"  # \(why): one of `meterd profiles list`, or [[meter.point]] of its own")
    }
    lines.append("every = \"60s\"")
    if let own = unit.format, let format, own != format {
      lines.append("baud = \(own.baud)  # otherwise than the bus: better to set the device")
      lines.append("parity = \"\(own.parity.rawValue)\"")
      lines.append("stop_bits = \(own.stopBits)")
    }
    return lines.joined(separator: "\n")
  }

  private static func remark(_ guess: Guess, _ unit: FoundUnit) -> String {
    switch guess.basis {
    case .identification, .register: return "recognised; compare with the display"
    case .plausible:
      let others = unit.guesses.dropFirst().map(\.profile)
      let more = unit.furtherGuesses > 0 ? ["\(unit.furtherGuesses) more"] : []
      let like = others.isEmpty ? "" : "; also fits: " + (others + more).joined(separator: ", ")
      return "a guess: compare with the type plate\(like)"
    }
  }

  /// An id that is free: `hall-1-7`, or `hall-1-7-b` where there is one.
  public static func identifier(busID: String, _ unitID: UInt8, _ taken: Set<String>) -> String {
    let name = "\(busID.prefix(56))-\(unitID)"
    let names = [name] + "bcdefghijklmnopqrstuvwxyz".map { "\(name)-\($0)" }
    return names.first { !taken.contains($0) } ?? name
  }
}
