/// A time zone: how far local time is ahead of UTC, at every instant.
///
/// Foundation's `TimeZone(identifier:)` is nil in a static build, so this reads the system's TZif files itself
/// (RFC 8536, versions 1 to 3; version 4 of RFC 9636 differs in leap seconds only). What leap seconds would change
/// (`right/…`) is refused, because `Timestamp` does not count them.
///
/// A value is one reference to an immutable table: thousands of copies cost nothing.
public struct Zone: Sendable {
  let table: ZoneTable

  /// The name it was asked for, such as `Asia/Shanghai`.
  public var name: String { table.name }

  /// Universal time; needs no file.
  public static let utc = Zone(
    table: ZoneTable(name: "UTC", initialOffset: 0, transitions: [], rule: nil, ruleFrom: .max))

  init(table: ZoneTable) { self.table = table }

  /// Reads a zone from the system's database.
  /// - Parameters:
  ///   - name: components of ASCII letters, digits, `+`, `-` and `_`, separated by `/`; so it cannot leave `directory`.
  ///   - directory: where the TZif files lie.
  /// - Throws: `ZoneError` for a name that is none, a file that is absent, unreadable, over 1 MiB or malformed.
  public init(named name: String, directory: String = "/usr/share/zoneinfo") throws(ZoneError) {
    guard Zone.isName(name) else { throw .badName(name) }
    let bytes = try ZoneFile.bytes(of: name, path: "\(directory)/\(name)")
    try self.init(name: name, tzif: bytes)
  }

  /// Reads a zone from the bytes of a TZif file.
  /// - Throws: `ZoneError.malformed` or `.tooLarge`.
  public init(name: String, tzif: [UInt8]) throws(ZoneError) {
    guard tzif.count <= ZoneFile.maximumBytes else { throw .tooLarge(zone: name, bytes: tzif.count) }
    do {
      table = try TZif.table(name: name, bytes: tzif)
    } catch {
      throw .malformed(zone: name, reason: error.reason)
    }
  }

  /// A stretch of time with one offset.
  public struct Period: Sendable, Hashable {
    /// Its first instant; nil where nothing is known to lie before it.
    public var start: Timestamp?
    /// The first instant that is no longer in it; nil where it has no known end.
    public var end: Timestamp?
    /// Seconds that local time is ahead of UTC (east is positive).
    public var offsetSeconds: Int
  }

  /// The stretch of constant offset that holds `instant`.
  public func period(containing instant: Timestamp) -> Period {
    let span = table.span(at: instant.seconds)
    // A change outside the years 1 to 9999 is no change to anyone, and its milliseconds might not fit.
    func known(_ seconds: Int64) -> Timestamp? {
      (Timestamp.distantPast.seconds...Timestamp.distantFuture.seconds).contains(seconds)
        ? Timestamp(seconds: seconds) : nil
    }
    return Period(
      start: span.start.flatMap(known), end: span.end.flatMap(known), offsetSeconds: Int(span.offset))
  }

  /// Seconds that local time is ahead of UTC (east is positive).
  public func offsetSeconds(at instant: Timestamp) -> Int { Int(table.offset(at: instant.seconds)) }

  /// The next instant at which the offset is another one; nil where none is known to come.
  public func nextTransition(after instant: Timestamp) -> Timestamp? { period(containing: instant).end }

  private static func isName(_ name: String) -> Bool {
    guard !name.isEmpty, name.utf8.count <= 255 else { return false }
    return name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { part in
      !part.isEmpty
        && part.allSatisfy { byte in
          switch byte {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
          default: false
          }
        }
    }
  }
}

extension Zone: Hashable {
  /// Equal means: same name and same rules, however often they were read.
  public static func == (a: Zone, b: Zone) -> Bool { a.table === b.table || a.table.isSame(as: b.table) }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Zone: CustomStringConvertible {
  public var description: String { name }
}
