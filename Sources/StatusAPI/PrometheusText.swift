/// Prometheus text exposition format 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
public struct PrometheusText: Sendable {
  public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  public enum Kind: String, Sendable {
    /// Only grows, back to 0 with the daemon; the name ends in `_total`.
    case counter
    case gauge
  }

  public typealias Labels = KeyValuePairs<String, String>

  /// One line of a family.
  public struct Sample: Sendable {
    let labels: Labels
    let value: String

    /// Integers stay exact above 2⁵³.
    public init(_ labels: Labels, _ value: UInt64) {
      self.labels = labels
      self.value = String(value)
    }

    public init(_ labels: Labels, _ value: Double) {
      self.labels = labels
      self.value = PrometheusText.number(value)
    }
  }

  /// The text so far.
  public private(set) var text = ""

  public init() {}

  /// Appends one family: HELP, TYPE and a line a sample. A family without samples is left out.
  /// - Parameter name: with its unit, such as `meterd_uptime_seconds`; a counter ends in `_total`.
  public mutating func family(_ name: String, _ kind: Kind, help: String, _ samples: [Sample]) {
    guard !samples.isEmpty else { return }
    text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    for sample in samples {
      text += name
      if !sample.labels.isEmpty {
        let labels = sample.labels.map { "\($0.key)=\"\(Self.escaped($0.value, quotes: true))\"" }
        text += "{\(labels.joined(separator: ","))}"
      }
      text += " \(sample.value)\n"
    }
  }

  /// Backslash and line feed are escaped everywhere, the double quote in label values.
  static func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return "\(value)"
  }
}
