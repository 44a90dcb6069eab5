import Foundation
import Metering
import Simulation
import Testing

/// Sunday 2026-11-01T00:00:00Z.
let november = Timestamp(seconds: 1_793_491_200)
let shanghai: @Sendable (Timestamp) -> Int = { _ in 8 * 3600 }

func decimal(_ text: String) throws -> ExactDecimal { try #require(ExactDecimal(text)) }

func point(
  _ quantity: String, _ unit: String, _ kind: Quantity.Kind, at address: UInt16, _ type: RegisterType,
  order: ByteOrder = .abcd, table: RegisterTable = .holding, scale: ExactDecimal = .one,
  side: Definition.Side? = nil
) -> Definition.Point {
  Definition.Point(
    quantity: quantity, unit: unit, kind: kind,
    register: RegisterReference(table: table, address: address, type: type, order: order), scale: scale, side: side)
}

func meter(
  _ id: String, unit: UInt8 = 1, ct: ExactDecimal = .one, vt: ExactDecimal = .one, points: [Definition.Point] = [],
  metadata: [String: String] = [:]
) -> Definition {
  Definition(
    meterID: id, bus: "bus", unitID: unit, everyMilliseconds: 5000, timeZone: "Asia/Shanghai", ctRatio: ct,
    vtRatio: vt, points: points, metadata: metadata)
}

private func temporaryDirectory() throws -> String {
  var template = Array("/tmp/meterd-simulation-XXXXXX".utf8CString)
  return String(cString: try #require(mkdtemp(&template)))
}

/// With a new directory below /tmp.
func withTemporaryDirectory(_ body: (String) async throws -> Void) async throws {
  let directory = try temporaryDirectory()
  defer { try? FileManager.default.removeItem(atPath: directory) }
  try await body(directory)
}
