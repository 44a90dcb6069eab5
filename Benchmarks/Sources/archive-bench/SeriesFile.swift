import Glibc
import Metering

/// A file of bench/series.py: a line `meterd-series METERS RECORDS TYPE NAME:KIND…`, then records in the order of arrival, each
/// with meter, due, time and received (Int64, little-endian, milliseconds) and the registers of all points as a meter sends them.
final class SeriesFile {
  let meters: Int
  let records: Int
  let type: RegisterType
  let points: [(name: String, kind: Quantity.Kind)]
  private let file: UnsafeMutablePointer<FILE>

  struct Record {
    var meter = 0
    var due: Int64 = 0
    var time: Int64 = 0
    var received: Int64 = 0
    var bytes: [UInt8] = []
  }

  init(path: String) throws {
    guard let file = fopen(path, "r") else { throw BenchError("\(path): \(String(cString: strerror(errno)))") }
    self.file = file
    var line: UnsafeMutablePointer<CChar>?
    var size = 0
    defer { free(line) }
    guard getline(&line, &size, file) > 0, let line else { throw BenchError("\(path) is empty") }
    let words = String(cString: line).split(whereSeparator: \.isWhitespace).map(String.init)
    guard words.count > 4, words[0] == "meterd-series", let meters = Int(words[1]), let records = Int(words[2]),
      let type = RegisterType(rawValue: words[3])
    else { throw BenchError("\(path) is no file of bench/series.py") }
    self.meters = meters
    self.records = records
    self.type = type
    points = words[4...].map { word in
      let parts = word.split(separator: ":").map(String.init)
      return (parts[0], parts.count > 1 && parts[1] == "counter" ? .counter : .gauge)
    }
  }

  deinit { fclose(file) }

  var registersPerPoint: Int { type.fixedWidth ?? 1 }
  /// Of one record's values.
  var octets: Int { 2 * registersPerPoint * points.count }

  /// Nil at the end.
  func next() -> Record? {
    var head: (Int64, Int64, Int64, Int64) = (0, 0, 0, 0)
    guard fread(&head, 32, 1, file) == 1 else { return nil }
    let octets = octets
    let bytes = [UInt8](unsafeUninitializedCapacity: octets) { buffer, count in
      count = fread(buffer.baseAddress, 1, octets, file)
    }
    guard bytes.count == octets else { return nil }
    return Record(meter: Int(head.0), due: head.1, time: head.2, received: head.3, bytes: bytes)
  }
}

extension SeriesFile {
  static func meterID(_ number: Int) -> String { "meter-\(number)" }

  /// The first register of a meter's block.
  static let address: UInt16 = 100

  /// One meter: all points in one block of holding registers, polled every minute.
  func definition(_ number: Int) -> Definition {
    Definition(
      meterID: SeriesFile.meterID(number), bus: "bus", unitID: 1, everyMilliseconds: 60_000, timeZone: "Asia/Shanghai",
      points: points.enumerated().map { place, point in
        .init(
          quantity: point.name, unit: point.kind == .counter ? "kWh" : "V", kind: point.kind,
          register: .init(
            table: .holding, address: SeriesFile.address + UInt16(registersPerPoint * place), type: type))
      })
  }
}
