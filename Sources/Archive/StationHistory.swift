import Decoding
import Metering

/// The definitions of all meters that have ever hung on one station, by the times that they hold for.
struct StationHistory {
  private let stationID: String
  private let contents: CatalogContents
  private let meters: [String]
  /// When one of them changed, ascending. What is older than the first change is read as after it.
  private let starts: [Timestamp]
  private var decoders: [Stretches: StationDecoder] = [:]

  private struct Stretches: Hashable {
    let spokenOf: Timestamp
    let received: Timestamp
  }

  init(of stationID: String, _ contents: CatalogContents) {
    self.stationID = stationID
    self.contents = contents
    meters = contents.meters(of: stationID)
    starts = Set(meters.flatMap { contents.uses[$0] ?? [] }.map(\.validFrom)).sorted()
  }

  /// Whether no meter has changed between the two.
  func isSame(_ time: Timestamp, _ other: Timestamp) -> Bool { start(of: time) == start(of: other) }

  /// For what speaks of `time` and came at `received`: the points are those of `time`, the widths and the clock those in
  /// force when it came. A meter that had no definition yet has its first one, if that was known when it came.
  ///
  /// - Parameter load: the decoder of a definition's hash.
  mutating func decoder(
    at time: Timestamp, received: Timestamp, load: (String) throws -> Decoder?
  ) throws -> StationDecoder {
    let stretches = Stretches(spokenOf: start(of: time), received: start(of: received))
    if let known = decoders[stretches] { return known }
    let latest = max(stretches.spokenOf, stretches.received)
    let inForce = try meters.compactMap { meter -> Decoder? in
      guard let use = contents.use(of: meter, at: stretches.spokenOf), use.validFrom <= latest, isHere(use) else {
        return nil
      }
      return try load(use.definition)
    }
    // Where the station itself has changed, all its meters' definitions have: the newest speaks for it.
    let newest = meters.flatMap { contents.uses[$0] ?? [] }
      .filter { $0.validFrom <= stretches.received && isHere($0) }
      .max { ($0.validFrom, $0.recordedAt) < ($1.validFrom, $1.recordedAt) }
    let decoder = try StationDecoder(
      inForce, station: newest.flatMap { contents.definitions[$0.definition]?.station })
    decoders[stretches] = decoder
    return decoder
  }

  private func isHere(_ use: CatalogContents.Use) -> Bool {
    contents.definitions[use.definition]?.station?.id == stationID
  }

  private func start(of time: Timestamp) -> Timestamp {
    starts.last { $0 <= time } ?? starts.first ?? .distantPast
  }
}
