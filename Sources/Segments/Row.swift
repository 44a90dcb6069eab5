import Glibc

/// One row of the archive. Times are milliseconds since 1970-01-01T00:00:00Z.
public struct Row: Sendable {
  public var seq: UInt64
  public var kind: UInt8
  public var marks: UInt8
  public var boot: String
  public var definition: String
  public var time: Int64
  public var due: Int64?
  public var received: Int64
  public var payload: [UInt8]

  public init(
    seq: UInt64, kind: UInt8, marks: UInt8, boot: String, definition: String, time: Int64, due: Int64?,
    received: Int64, payload: [UInt8]
  ) {
    self.seq = seq
    self.kind = kind
    self.marks = marks
    self.boot = boot
    self.definition = definition
    self.time = time
    self.due = due
    self.received = received
    self.payload = payload
  }
}

extension Row: Hashable {
  /// Octet by octet: Swift takes different octets for equal texts where Unicode does.
  public static func == (a: Row, b: Row) -> Bool {
    a.seq == b.seq && a.kind == b.kind && a.marks == b.marks && a.time == b.time && a.due == b.due
      && a.received == b.received && isSame(a.boot, b.boot) && isSame(a.definition, b.definition)
      && a.payload == b.payload
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(seq)
    hasher.combine(time)
    hasher.combine(payload)
  }
}

/// By octets. Texts of rows are mostly the very same one.
func isSame(_ a: String, _ b: String) -> Bool {
  let areSame = a.utf8.withContiguousStorageIfAvailable { a in
    b.utf8.withContiguousStorageIfAvailable { b in
      guard a.count == b.count, let first = a.baseAddress, let second = b.baseAddress else { return a.count == b.count }
      return first == second || memcmp(first, second, a.count) == 0
    }
  }
  return (areSame ?? nil) ?? a.utf8.elementsEqual(b.utf8)
}
