import Metering

extension MeterReader {
  /// `per_pulse`: what a pulse is worth, where the profile is one of a pulse collector, which cannot know.
  func readPerPulse(_ points: [Definition.Point], of profile: Profile?) -> [Definition.Point] {
    let open = points.first { $0.unit == "pulse" && $0.perPulse == nil }
    guard let profile, let open else {
      table.misplaced(["per_pulse"], because: "no profile of this meter leaves the worth of a pulse open")
      return points
    }
    let worth = table.positiveDecimal("per_pulse", maximum: PointReader.largestNumber, maximumDigits: 9)
    if worth == nil, !table.has("per_pulse") {
      table.error(
        table.position,
        "[[meter]] has no 'per_pulse', which the profile '\(profile.name)' needs: what a pulse is worth, in "
          + (open.pulseUnit ?? ""))
    }
    return points.map { point in
      var point = point
      if point.unit == "pulse", point.perPulse == nil { point.perPulse = worth?.value ?? .one }
      return point
    }
  }
}
