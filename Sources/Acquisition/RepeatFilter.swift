import IEC104

/// Recognises what a station sends once more because its acknowledgement was lost with the connection.
///
/// A station repeats events that were not acknowledged: on the next connection the same objects come with the same tag. Answers
/// to interrogations are not repeated; equal ones are new answers.
struct RepeatFilter {
  /// Stands for all that an object said: 63 bits of its hash, so that 8,192 objects take 64 KiB a station and not a quarter of
  /// a MiB. The hash is keyed anew in each process: nobody can make two equal ones, and by chance they come once in 10¹⁵ objects.
  private struct Fingerprint: Hashable {
    private let bits: UInt64

    init(_ object: InformationObject, _ header: ASDUHeader) {
      var hasher = Hasher()
      hasher.combine(object.time.raw)
      hasher.combine(UInt64(object.address) << 32 | UInt64(object.bits))
      let rest = UInt64(object.duration) << 48 | UInt64(object.quality.rawValue) << 40 | UInt64(object.detail) << 32
      hasher.combine(rest | UInt64(header.type.rawValue) << 16 | UInt64(header.commonAddress))
      let hash = UInt64(bitPattern: Int64(hasher.finalize()))
      bits = hash & ~1 | (object.time.kind == .none ? 0 : 1)
    }

    var isTagged: Bool { bits & 1 > 0 }
  }

  /// Objects that are remembered: as many frames as may lie unacknowledged, many times over.
  private let capacity: Int
  private var recent: [Fingerprint] = []
  private var next = 0
  /// What may come again on the present connection, and how many times.
  private var repeatable: [Fingerprint: UInt16] = [:]

  init(capacity: Int = 8192) { self.capacity = capacity }

  /// The connection that carries data is a new one.
  mutating func connectionChanged() {
    // Connection after connection without their repeats: those of before are not worth the memory.
    if repeatable.count > capacity { repeatable.removeAll() }
    for print in recent where repeatable[print] != .max { repeatable[print, default: 0] += 1 }
    recent.removeAll(keepingCapacity: true)
    next = 0
  }

  /// The station's own events of before have come by now: untagged ones that look alike are new.
  mutating func interrogationEnded() {
    if !repeatable.isEmpty { repeatable = repeatable.filter(\.key.isTagged) }
  }

  /// Places of the objects that had come on the connection before.
  mutating func take(_ objects: [InformationObject], _ header: ASDUHeader) -> [UInt8] {
    var repeated: [UInt8] = []
    for (index, object) in objects.enumerated() {
      let isEvent = object.time.kind != .none || header.cause == .spontaneous
      guard isEvent, !header.cause.isInterrogated, !header.cause.isCounterInterrogated else { continue }
      let print = Fingerprint(object, header)
      if !repeatable.isEmpty, let count = repeatable[print] {
        repeatable[print] = count > 1 ? count - 1 : nil
        repeated.append(UInt8(clamping: index))
      }
      if recent.count < capacity {
        recent.append(print)
      } else {
        recent[next] = print
        next = (next + 1) % capacity
      }
    }
    return repeated
  }
}
