import Metering

extension MeterReader {
  private enum Level: String, CaseIterable {
    case site
    case subUnit = "sub-unit"
    case equipment
  }

  /// What decoding does not need, and reports do. `energy` comes from the profile where the meter does not say it.
  func readMetadata(profile: Profile?) -> [String: String] {
    var metadata: [String: String] = [:]
    metadata["name"] = table.string("name")?.value
    let energy = table.identifier("energy")
    if let energy, let profile, energy.value != profile.energy {
      table.error(
        energy.position, "'energy' is '\(energy.value)', but the profile '\(profile.name)' is of \(profile.energy)")
    }
    metadata["energy"] = energy?.value ?? profile?.energy
    metadata["level"] = table.choice("level", of: Level.self)?.value.rawValue
    metadata["use"] = table.identifier("use")?.value
    metadata["accuracy_class"] = table.string("accuracy_class", maximumBytes: 32)?.value
    metadata["serial"] = table.string("serial")?.value
    metadata["calibrated_until"] = table.date("calibrated_until")?.value.description
    metadata["max_rate"] = table.positiveDecimal("max_rate", maximum: PointReader.largestNumber)?.value.description
    return metadata
  }

  /// Nil also for `parent = ""`, which says that there is none.
  func readParent() -> Located<String>? {
    guard let parent = table.string("parent", allowsEmpty: true), !parent.value.isEmpty else { return nil }
    return parent
  }
}
