/// What is particular to an IEC 60870-5-104 station. Counts are since the start of the daemon.
public struct StationStatus: Codable, Hashable, Sendable {
  /// Longest `unnamed`: a station may send thousands of objects that nobody asked for.
  public static let maximumUnnamed = 100
  /// Longest `interrogations`.
  public static let maximumInterrogations = 100

  /// ASDUs received.
  public var asdus: UInt64
  /// Information objects in them.
  public var objects: UInt64
  /// Of those, the ones that a point takes.
  public var namedObjects: UInt64
  /// Of those, the ones that were received again after a lost connection.
  public var repeatedObjects: UInt64
  /// ASDUs that could not be read.
  public var malformedASDUs: UInt64
  /// ASDUs with the test bit.
  public var testASDUs: UInt64
  /// ASDUs with octets behind their last object.
  public var trailingOctetASDUs: UInt64
  /// Distinct objects that no point takes.
  public var unnamedObjects: Int
  /// The same with what they say, by address; the first `maximumUnnamed` of them.
  public var unnamed: [StationObjectStatus]
  /// Observations that are not committed; the station's window is closed meanwhile.
  public var waitingForArchive: Int
  /// Commits that failed.
  public var commitFailures: UInt64
  /// Connections, in the order of the configuration.
  public var links: [StationLinkStatus]
  /// The last one of each kind and common address, by common address.
  public var interrogations: [InterrogationStatus]

  /// Sorts and cuts `unnamed` and `interrogations`. Where there are too many interrogations, complete ones are left out
  /// first.
  public init(
    asdus: UInt64 = 0, objects: UInt64 = 0, namedObjects: UInt64 = 0, repeatedObjects: UInt64 = 0,
    malformedASDUs: UInt64 = 0, testASDUs: UInt64 = 0, trailingOctetASDUs: UInt64 = 0, unnamedObjects: Int = 0,
    unnamed: [StationObjectStatus] = [], waitingForArchive: Int = 0, commitFailures: UInt64 = 0,
    links: [StationLinkStatus] = [], interrogations: [InterrogationStatus] = []
  ) {
    self.asdus = asdus
    self.objects = objects
    self.namedObjects = namedObjects
    self.repeatedObjects = repeatedObjects
    self.malformedASDUs = malformedASDUs
    self.testASDUs = testASDUs
    self.trailingOctetASDUs = trailingOctetASDUs
    self.unnamedObjects = unnamedObjects
    self.unnamed = Array(
      unnamed.sorted { ($0.commonAddress, $0.objectAddress) < ($1.commonAddress, $1.objectAddress) }
        .prefix(Self.maximumUnnamed))
    self.waitingForArchive = waitingForArchive
    self.commitFailures = commitFailures
    self.links = links
    let worth = interrogations.filter { !$0.isWhole } + interrogations.filter(\.isWhole)
    self.interrogations = worth.prefix(Self.maximumInterrogations)
      .sorted { ($0.commonAddress, $0.kind.order) < ($1.commonAddress, $1.kind.order) }
  }

  enum CodingKeys: String, CodingKey {
    case asdus, objects
    case namedObjects = "named_objects"
    case repeatedObjects = "repeated_objects"
    case malformedASDUs = "malformed_asdus"
    case testASDUs = "test_asdus"
    case trailingOctetASDUs = "trailing_octet_asdus"
    case unnamedObjects = "unnamed_objects"
    case unnamed
    case waitingForArchive = "waiting_for_archive"
    case commitFailures = "commit_failures"
    case links, interrogations
  }

  /// What a station or a peer says, cut: it stands in every report.
  static func cut(_ text: String, to length: Int = 300) -> String {
    guard text.unicodeScalars.count > length else { return text }
    return String(text.unicodeScalars.prefix(length - 1)) + "…"
  }
}
