import Metering

/// Reads one table key by key, says what is wrong with each, and in the end which keys it was never asked for.
///
/// A method that returns nil has reported why, unless the key is absent and not required.
final class TableReader {
  /// As people write it: `[site]`, `[[meter.point]]`; empty for the file itself.
  let title: String
  /// Where the table begins.
  let position: Position
  let sink: Sink
  private var entries: [String: TOMLEntry]
  private var known: Set<String> = []

  init(title: String, position: Position, entries: [String: TOMLEntry], sink: Sink) {
    self.title = title
    self.position = position
    self.entries = entries
    self.sink = sink
  }

  /// Whether the key is there, whatever its value.
  func has(_ key: String) -> Bool {
    known.insert(key)
    return entries[key] != nil
  }

  /// Where the key's value begins, else where the table does.
  func valuePosition(_ key: String) -> Position { entries[key]?.node.position ?? position }

  /// Where the key stands, else where the table does.
  func keyPosition(_ key: String) -> Position { entries[key]?.keyPosition ?? position }

  func error(_ position: Position, _ message: String) { sink.error(position, message) }

  /// The value, of whatever type.
  func node(_ key: String, required: Bool = false) -> TOMLNode? {
    known.insert(key)
    if let entry = entries[key] { return entry.node }
    if required {
      error(position, title.isEmpty ? "[\(key)] is missing" : "\(title) has no '\(key)', which is required")
    }
    return nil
  }

  func wrongType(_ key: String, _ node: TOMLNode, wanted: String) {
    error(node.position, "'\(key)' must be \(wanted), not \(node.typeName)")
  }

  /// Keys that have no meaning here, because of the value of another one. They are not read afterwards.
  func misplaced(_ keys: [String], because reason: String) {
    for key in keys where has(key) {
      error(keyPosition(key), "'\(key)' has no meaning here: \(reason); remove it")
      entries[key] = nil
    }
  }

  /// Reports every key that nobody asked for. To be called last.
  func finish() {
    for (key, entry) in entries where !known.contains(key) {
      if TableReader.secrets.contains(key.lowercased()) {
        error(
          entry.keyPosition,
          "\(Wording.quoted(key)): secrets never stand in this file; they come from files or systemd credentials")
        continue
      }
      let place = title.isEmpty ? "" : " in \(title)"
      let suggestion = Wording.suggestion(for: key, among: known)
      error(entry.keyPosition, "unknown key \(Wording.quoted(key))\(place)\(suggestion)")
    }
  }

  private static let secrets: Set<String> = [
    "password", "passwd", "passphrase", "secret", "token", "api_key", "private_key", "credential", "credentials",
  ]

  /// The table of that name: `[site]`, or with `parent` `[station.tls]`.
  func table(_ key: String, parent: String? = nil, required: Bool = false) -> TableReader? {
    guard let node = node(key, required: required) else { return nil }
    let title = "[\(parent.map { $0 + "." } ?? "")\(key)]"
    guard case .table(let entries) = node.value else {
      error(keyPosition(key), "'\(key)' must be a table, not \(node.typeName): write \(title)")
      return nil
    }
    return TableReader(title: title, position: node.position, entries: entries, sink: sink)
  }

  /// The tables of that name: `[[meter]]`, or with `parent` `[[meter.point]]`.
  func tables(_ key: String, parent: String? = nil, limit: Int) -> [TableReader] {
    guard let node = node(key) else { return [] }
    let title = "[[\(parent.map { $0 + "." } ?? "")\(key)]]"
    guard case .array(let elements) = node.value else {
      error(keyPosition(key), "'\(key)' must be an array of tables, not \(node.typeName): write \(title)")
      return []
    }
    if elements.count > limit {
      error(elements[limit].position, "there are \(elements.count) \(title), at most \(limit) are possible")
    }
    return elements.prefix(limit).compactMap { element in
      guard case .table(let entries) = element.value else {
        error(element.position, "'\(key)' must hold tables, not \(element.typeName): write \(title)")
        return nil
      }
      return TableReader(title: title, position: element.position, entries: entries, sink: sink)
    }
  }

  /// The tables in an array in one line, such as `scale_by = [ { address = 0x8D } ]`; nil where there is none.
  func inlineTables(_ key: String, limit: Int, example: String) -> [TableReader]? {
    guard let node = node(key) else { return nil }
    guard case .array(let elements) = node.value else {
      wrongType(key, node, wanted: "an array of tables such as \(example)")
      return nil
    }
    guard !elements.isEmpty, elements.count <= limit else {
      let count = elements.isEmpty ? "is empty" : "has \(elements.count) elements"
      error(node.position, "'\(key)' \(count); 1 to \(limit) are possible, such as \(example)")
      return nil
    }
    return elements.compactMap { element in
      guard case .table(let entries) = element.value else {
        error(element.position, "'\(key)' must hold tables such as \(example), not \(element.typeName)")
        return nil
      }
      return TableReader(title: "'\(key)'", position: element.position, entries: entries, sink: sink)
    }
  }

  /// A table whose keys are the user's own, such as `point_every = { "energy_*" = "15m" }`; nil where there is none.
  func inlineTable(_ key: String, example: String) -> (table: TableReader, keys: [String])? {
    guard let node = node(key) else { return nil }
    guard case .table(let entries) = node.value else {
      wrongType(key, node, wanted: "a table such as \(example)")
      return nil
    }
    let table = TableReader(title: "'\(key)'", position: node.position, entries: entries, sink: sink)
    return (table, entries.keys.sorted())
  }
}
