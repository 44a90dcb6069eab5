import Metering
import Modbus
import ModbusProtocol

/// What a scan asks, as plain values.
public struct ScanPlan: Sendable {
  /// In the order in which they are asked.
  public var units: [UInt8]
  /// In the order in which they are tried; one nil where the line has none, or where the bus's own is enough.
  public var formats: [SerialFormat?]
  /// Units that are known to speak otherwise than their line: asked so in the first round.
  public var formatOfUnit: [UInt8: SerialFormat] = [:]
  /// Also after a format that brought answers.
  public var triesEveryFormat = false
  /// Asks a unit that keeps silent on holding registers (function 3) for an input register (function 4) as well.
  public var asksTwice = false
  /// To the first byte of an answer.
  public var timeoutMilliseconds: Int64
  /// For units that are known to be there.
  public var patientTimeoutMilliseconds: Int64
  /// Models to compare with; none: no guess.
  public var candidates: [Candidate] = []

  public init(
    units: [UInt8], formats: [SerialFormat?] = [nil], timeoutMilliseconds: Int64, patientTimeoutMilliseconds: Int64
  ) {
    self.units = units
    self.formats = formats
    self.timeoutMilliseconds = timeoutMilliseconds
    self.patientTimeoutMilliseconds = patientTimeoutMilliseconds
  }

  /// 1 to 247 (MODBUS over Serial Line V1.02, clause 2.2: 0 is broadcast, 248 to 255 are reserved).
  public static let serialUnits: [UInt8] = Array(1...247)
  /// Behind a converter as on its line; 255 and 0 are the converter itself, or a device that has no unit ids.
  public static let tcpUnits: [UInt8] = serialUnits + [255, 0]

  /// The format of the line first, then what factories set: all rates 8N1 and 8E1, then all 8O1 and 8N2. A receiver of
  /// one stop bit understands two, so 8N2 hardly ever finds what 8N1 did not.
  public static func sweep(from own: SerialFormat) -> [SerialFormat] {
    let rates = [9600, 19_200, 38_400, 4800, 2400, 115_200, 57_600, 1200]
    let frames: [[(SerialFormat.Parity, Int)]] = [[(.none, 1), (.even, 1)], [(.odd, 1), (.none, 2)]]
    let all = frames.flatMap { frames in
      rates.flatMap { rate in frames.map { SerialFormat(baud: rate, parity: $0.0, stopBits: $0.1) } }
    }
    return [own] + all.filter { $0 != own }
  }
}

/// A model that a unit is compared with.
public struct Candidate: Sendable, Hashable {
  public enum Sign: Sendable, Hashable {
    /// A register that holds exactly this number.
    case register(RegisterReference, value: UInt64)
    /// The strings of function 43: `vendor` equal, `product` (nil: any) a prefix.
    case device(vendor: String, product: String?)
  }

  public struct Forbidden: Sendable, Hashable {
    public var table: RegisterTable
    public var addresses: ClosedRange<UInt16>

    public init(table: RegisterTable, addresses: ClosedRange<UInt16>) {
      self.table = table
      self.addresses = addresses
    }
  }

  /// The profile's name.
  public var profile: String
  /// Any of them suffices.
  public var signs: [Sign]
  /// Where the device has circuits, those of the first.
  public var points: [Definition.Point]
  public var accountingQuantity: String
  /// What no request may touch.
  public var forbidden: [Forbidden]
  public var hasCircuits: Bool

  public init(
    profile: String, signs: [Sign], points: [Definition.Point], accountingQuantity: String,
    forbidden: [Forbidden] = [], hasCircuits: Bool = false
  ) {
    self.profile = profile
    self.signs = signs
    self.points = points
    self.accountingQuantity = accountingQuantity
    self.forbidden = forbidden
    self.hasCircuits = hasCircuits
  }

  /// Whether the meter in the settings needs a ratio.
  var isSecondary: Bool { points.contains { $0.side == .secondary } }
}

/// A unit that answered.
public struct FoundUnit: Sendable, Hashable {
  public var unitID: UInt8
  /// In which format; nil where the line has none.
  public var format: SerialFormat?
  /// The exception that it answered with; communication is fine then.
  public var exception: UInt8?
  /// TCP: it answers with this unit id instead of its own.
  public var answersAs: UInt8?
  /// Of its first answer.
  public var latencyNanoseconds: UInt64
  /// The texts of function 43 by object id: 0 vendor, 1 product code, 2 revision, 4 product name, 5 model name.
  public var identification: [UInt8: String] = [:]
  /// The best first, three at most.
  public var guesses: [Guess] = []
  /// Models that fit no worse than the last of `guesses` and are not among them.
  public var furtherGuesses = 0

  public init(
    unitID: UInt8, format: SerialFormat?, exception: UInt8? = nil, answersAs: UInt8? = nil,
    latencyNanoseconds: UInt64 = 0
  ) {
    self.unitID = unitID
    self.format = format
    self.exception = exception
    self.answersAs = answersAs
    self.latencyNanoseconds = latencyNanoseconds
  }

  /// `Schneider Electric iEM3255 V1.4`; nil where it does not say.
  public var identity: String? {
    let texts = [0, 5, 4, 1, 2].compactMap { identification[$0] }.filter { !$0.isEmpty }
    var seen: Set<String> = []
    return texts.isEmpty ? nil : texts.filter { seen.insert($0).inserted }.joined(separator: " ")
  }
}

/// A model that a unit may be.
public struct Guess: Sendable, Hashable {
  public enum Basis: String, Sendable, Hashable {
    /// It says so itself (function 43).
    case identification
    /// A register holds the number that this model has there.
    case register
    /// What it reads as could be true. Many models share their registers.
    case plausible
  }

  public var candidate: Candidate
  public var basis: Basis
  /// How much spoke for it, of what could have: 0 to 1.
  public var score: Double
  /// What spoke for it, in words: `frequency 49.98 Hz`.
  public var evidence: [String]

  public var profile: String { candidate.profile }
}

/// How far a scan has come.
public enum ScanEvent: Sendable, Hashable {
  /// A round of all units begins.
  case round(format: SerialFormat?, number: Int, of: Int)
  case asking(unitID: UInt8, number: Int, of: Int)
  case found(FoundUnit)
  /// Comparing with known models.
  case recognising(unitID: UInt8, number: Int, of: Int)
  /// Something that a person should know, in words.
  case note(String)
}

public struct ScanReport: Sendable, Hashable {
  /// In the order in which they answered.
  public var units: [FoundUnit] = []
  /// Every unit id was answered: there is one device that does not look at it. It stands in `units` once.
  public var isOneDevice = false
  /// In words.
  public var notes: [String] = []
  /// False where it was stopped before all was asked.
  public var isComplete = true
  /// Why it could not go on, in words.
  public var failure: String?
}
