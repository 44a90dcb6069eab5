import Metering

/// What one settings file says, validated: everything in it can be acted on as it stands.
///
/// Paths are resolved against the file's directory; a path in a file that was named relatively stays relative to the
/// working directory.
public struct Settings: Hashable, Sendable {
  public var site: Site
  public var archive: Archive
  public var status: Status
  /// In the order of the file, as are stations, meters and forwards.
  public var buses: [Bus]
  public var stations: [Station]
  public var meters: [Meter]
  public var forwards: [Forward]

  /// `[site]`
  public struct Site: Hashable, Sendable {
    public var id: String
    /// IANA name; the zone exists on this system.
    public var timeZone: String
    /// Directories of profiles, the first that has one wins; the system's own come last.
    public var profileSearchPath: [String]
  }

  /// `[archive]`
  public struct Archive: Hashable, Sendable {
    /// Directory.
    public var path: String
    public var retention: Retention
    /// Group commit: what a power cut can cost at most. 100 ms to 60 s.
    public var commitEveryMilliseconds: Int64
    /// Of the private key that days are signed with: `signing-key.pem` in `path`, where the file does not say it.
    public var keyPath: String
  }

  /// How long the archive keeps raw data: five years at least, by the product's law.
  public struct Retention: Hashable, Sendable {
    /// `5y`, `2000d`
    public var text: String
    /// 1830 at least: a year counts 366 days, so that five never fall short of five years of the calendar.
    public var days: Int
  }

  /// `[status]`
  public struct Status: Hashable, Sendable {
    /// Path of the Unix socket, at most 103 bytes (SwiftNIO's limit; unix(7) has 107).
    public var socket: String
  }

  /// A line of the file. All are equal, so that a comment above a meter makes no other settings of it.
  public struct SourceLine: Hashable, Sendable {
    /// From 1.
    public var number: Int

    public static func == (_: SourceLine, _: SourceLine) -> Bool { true }
    public func hash(into _: inout Hasher) {}
  }
}
