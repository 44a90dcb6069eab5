import Metering

/// A meter model: `config/profiles/<name>.toml`.
public struct Profile: Hashable, Sendable {
  /// What the table of registers was checked against.
  public enum Evidence: String, Hashable, Sendable, CaseIterable {
    case manual, code, excerpt
  }

  /// The file's name without `.toml`.
  public var name: String
  public var manufacturer: String
  public var model: String
  /// `electricity`, `water`, …
  public var energy: String
  /// The most registers one request may ask for, 1 to 125.
  public var maxRegisters: Int
  public var evidence: Evidence
  /// Title, version and page, or address.
  public var source: String
  /// The day the source was read.
  public var sourceDate: CivilDate
  public var notes: String?
  public var points: [Definition.Point]
  /// The counter that accounts are made of; one of the points.
  public var accountingQuantity: String
  /// What a quantity that needs it refers to: `volume_standard` to 0, 15 or 20 °C, `pressure` to `gauge` or `absolute`.
  public var references: [String: String]
}
