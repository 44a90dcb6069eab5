import Glibc
import IEC104

/// The codec in memory: how many information objects a second one core decodes.
///
///     iec104-codec [--seconds 1]
///
/// Prints one JSON line for each load: objects a second of CPU time, and the sum of what was read, so that nothing can be left out.
@main
struct Codec {
  static func main() throws {
    var seconds = 1.0
    if let place = CommandLine.arguments.firstIndex(of: "--seconds"), place + 1 < CommandLine.arguments.count {
      seconds = Double(CommandLine.arguments[place + 1]) ?? seconds
    }
    for load in try Load.all() { print(try load.measure(seconds: seconds)) }
  }
}

/// ASDUs of one kind, decoded again and again in batches, as a client decodes what one read of the socket brought.
struct Load {
  static let batchASDUs = 64

  let name: String
  let objectsPerASDU: Int
  let asdus: [[UInt8]]

  static func all() throws -> [Load] {
    let tag = TimeTag(
      CP56Time2a(year: 26, month: 2, day: 28, hour: 23, minute: 59, milliseconds: 59_999, isSummerTime: false))
    return [
      try Load("1 M_ME_TF_1", .M_ME_TF_1, count: 1, tag: tag),
      try Load("16 M_ME_TF_1", .M_ME_TF_1, count: 16, tag: tag),
      // 48 time-tagged floats do not fit one ASDU: untagged ones, as an interrogation is answered.
      try Load("48 M_ME_NC_1, SQ = 1", .M_ME_NC_1, count: 48, isSequence: true, tag: .none),
    ]
  }

  init(_ name: String, _ type: TypeID, count: Int, isSequence: Bool = false, tag: TimeTag) throws {
    self.name = name
    objectsPerASDU = count
    asdus = try (0..<Load.batchASDUs).map { asdu in
      let objects = (0..<count).map { place in
        let address = UInt32(1 + 100 * asdu + place)
        return InformationObject(address: address, value: .float(Float(address) / 8), time: tag)
      }
      return try OutgoingASDU.monitor(
        type: type, cause: .spontaneous, commonAddress: 1, isSequence: isSequence, objects: objects
      ).bytes
    }
  }

  func measure(seconds: Double) throws -> String {
    // One buffer, as the socket's.
    let stream = Array(asdus.joined())
    let length = asdus[0].count
    var objects: [InformationObject] = []
    var count = 0
    var sum: UInt64 = 0
    let format = ASDUFormat.standard
    let start = now()
    let end = start + Int64(seconds * 1e9)
    var time = start
    try stream.withUnsafeBytes { stream in
      while time < end {
        for _ in 0..<16 {
          objects.removeAll(keepingCapacity: true)
          for place in 0..<asdus.count {
            let bytes = UnsafeRawBufferPointer(rebasing: stream[place * length..<(place + 1) * length])
            count += try ASDU.decode(bytes, format: format, into: &objects).objectCount
          }
          if let last = objects.last { sum &+= UInt64(last.bits) &+ last.time.raw &+ UInt64(objects.count) }
        }
        time = now()
      }
    }
    let rate = Double(count) / (Double(time - start) / 1e9)
    return "{\"load\": \"\(name)\", \"objects_per_asdu\": \(objectsPerASDU), \"objects\": \(count), "
      + "\"objects_per_second\": \(Int64(rate)), \"sum\": \(sum)}"
  }

  private func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
