import Metering

/// What a simulated unit's tables hold at the moment of a request.
public protocol RegisterSource: Sendable {
  /// - Parameters:
  ///   - address: as on the wire, from 0.
  ///   - count: 1 or more, and not past 65536.
  /// - Returns: one element a register, or a bit (0 or 1) of a bit table; nil: there is no such address (exception 2).
  func read(_ table: RegisterTable, from address: UInt16, count: Int) -> [UInt16]?
}

/// Registers that stay as they are, for tests. An address that is not in it does not exist.
public struct FixedImage: RegisterSource {
  public var tables: [RegisterTable: [UInt16: UInt16]]

  public init(_ tables: [RegisterTable: [UInt16: UInt16]]) { self.tables = tables }

  public func read(_ table: RegisterTable, from address: UInt16, count: Int) -> [UInt16]? {
    guard let cells = tables[table] else { return nil }
    var result: [UInt16] = []
    result.reserveCapacity(count)
    for offset in 0..<count {
      guard let cell = UInt16(exactly: Int(address) + offset).flatMap({ cells[$0] }) else { return nil }
      result.append(table.isBits ? (cell == 0 ? 0 : 1) : cell)
    }
    return result
  }
}
