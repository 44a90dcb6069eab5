import Ctomlplusplus

/// Where something stands in a file; lines and columns count from 1, a column is a code point.
struct Position: Hashable, Comparable, Sendable {
  var line: Int
  var column: Int

  static let start = Position(line: 1, column: 1)

  static func < (a: Position, b: Position) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// A value with the place where it was read.
struct Located<Value> {
  var value: Value
  var position: Position
}

/// A value of a TOML file.
struct TOMLNode {
  enum Value {
    case string(String)
    case integer(Int64)
    case float(Double)
    case boolean(Bool)
    /// `2029-01-31`, as text.
    case date(String)
    case time
    /// As it stands in the file: `2026-03-01T00:00:00+08:00`.
    case dateTime(String)
    case array([TOMLNode])
    case table([String: TOMLEntry])
  }

  var value: Value
  var position: Position

  /// With its article, for "must be …, not …".
  var typeName: String {
    switch value {
    case .string: "a string"
    case .integer: "an integer"
    case .float: "a float"
    case .boolean: "a boolean"
    case .date: "a date"
    case .time: "a time"
    case .dateTime: "a date with a time"
    case .array(let elements): elements.first?.isTable == true ? "an array of tables" : "an array"
    case .table: "a table"
    }
  }

  var isTable: Bool {
    if case .table = value { true } else { false }
  }
}

/// A key of a table, with what it names.
struct TOMLEntry {
  var keyPosition: Position
  var node: TOMLNode
}

/// Why a file is not TOML. The parser knows the first reason only.
struct TOMLSyntaxError: Error {
  var position: Position
  var message: String
}

enum TOML {
  /// Well above 5,000 meters; it bounds the memory that a file can take.
  static let maximumValues = 500_000

  /// - Returns: the root table.
  static func parse(_ bytes: [UInt8]) throws(TOMLSyntaxError) -> TOMLNode {
    let builder = TreeBuilder(bytes)
    var failure = ctoml_error()
    let isSound = withExtendedLifetime(builder) {
      bytes.withUnsafeBytes { buffer in
        ctoml_parse(
          buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count,
          { context, visit in
            guard let context, let visit else { return false }
            return Unmanaged<TreeBuilder>.fromOpaque(context).takeUnretainedValue().visit(visit.pointee)
          }, Unmanaged.passUnretained(builder).toOpaque(), &failure)
      }
    }
    guard isSound else {
      let message = withUnsafeBytes(of: &failure.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      throw TOMLSyntaxError(
        position: Position(line: Int(failure.line), column: Int(failure.column)), message: reworded(message))
    }
    guard let root = builder.root else {
      throw TOMLSyntaxError(position: .start, message: "the file holds more than \(maximumValues) values")
    }
    return root
  }

  /// toml++ quotes what it found, which may be anything.
  private static func reworded(_ message: String) -> String {
    let start = "Error while parsing "
    let text = Wording.escaped(message)
    return text.hasPrefix(start) ? "syntax error in \(text.dropFirst(start.count))" : text
  }
}

/// Makes a tree of the visits.
private final class TreeBuilder {
  private struct Frame {
    var key: String?
    var keyPosition: Position
    var position: Position
    var isTable: Bool
    var entries: [String: TOMLEntry] = [:]
    var elements: [TOMLNode] = []
  }

  private let source: SourceText
  private var frames: [Frame] = []
  private var count = 0
  private(set) var root: TOMLNode?

  init(_ bytes: [UInt8]) { source = SourceText(bytes) }

  func visit(_ visit: ctoml_visit) -> Bool {
    count += 1
    guard count <= TOML.maximumValues else { return false }
    let key = visit.key.map { Self.string($0, visit.key_length) }
    let keyPosition = Position(line: Int(visit.key_line), column: Int(visit.key_column))
    let position = Position(line: Int(visit.line), column: Int(visit.column))
    let value: TOMLNode.Value
    switch visit.kind {
    case CTOML_TABLE_BEGIN, CTOML_ARRAY_BEGIN:
      frames.append(
        Frame(key: key, keyPosition: keyPosition, position: position, isTable: visit.kind == CTOML_TABLE_BEGIN))
      return true
    case CTOML_TABLE_END, CTOML_ARRAY_END:
      guard let frame = frames.popLast() else { return false }
      let whole: TOMLNode.Value = frame.isTable ? .table(frame.entries) : .array(frame.elements)
      add(TOMLNode(value: whole, position: frame.position), key: frame.key, keyPosition: frame.keyPosition)
      return true
    case CTOML_STRING: value = .string(visit.text.map { Self.string($0, visit.text_length) } ?? "")
    case CTOML_INTEGER: value = .integer(visit.integer)
    case CTOML_FLOAT: value = .float(visit.number)
    case CTOML_BOOLEAN: value = .boolean(visit.boolean)
    case CTOML_DATE: value = .date(visit.text.map { Self.string($0, visit.text_length) } ?? "")
    case CTOML_TIME: value = .time
    default: value = .dateTime(source.dateTime(at: position))
    }
    add(TOMLNode(value: value, position: position), key: key, keyPosition: keyPosition)
    return true
  }

  private func add(_ node: TOMLNode, key: String?, keyPosition: Position) {
    guard let last = frames.indices.last else {
      root = node
      return
    }
    if let key {
      frames[last].entries[key] = TOMLEntry(keyPosition: keyPosition, node: node)
    } else {
      frames[last].elements.append(node)
    }
  }

  private static func string(_ start: UnsafePointer<CChar>, _ length: Int) -> String {
    String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
  }
}
