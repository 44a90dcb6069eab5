import IEC104

/// Recognises what a station sends once more because its acknowledgement was lost with the connection.
///
/// A station repeats events that were not acknowledged: on the next connection the same objects come with the same tag. Answers
/// to interrogations are not repeated; equal ones are new answers.
struct RepeatFilter {
  private struct Key: Hashable {
    let type: UInt8
    let commonAddress: UInt16
    let object: InformationObject
  }

  /// Objects that are remembered: as many frames as may lie unacknowledged, many times over.
  private let capacity: Int
  private var recent: [Key] = []
  private var next = 0
  /// What may come again on the present connection, and how many times.
  private var repeatable: [Key: Int] = [:]

  init(capacity: Int = 8192) { self.capacity = capacity }

  /// The connection that carries data is a new one.
  mutating func connectionChanged() {
    // Connection after connection without their repeats: those of before are not worth the memory.
    if repeatable.count > capacity { repeatable.removeAll() }
    for key in recent { repeatable[key, default: 0] += 1 }
    recent.removeAll(keepingCapacity: true)
    next = 0
  }

  /// The station's own events of before have come by now: untagged ones that look alike are new.
  mutating func interrogationEnded() {
    if !repeatable.isEmpty { repeatable = repeatable.filter { $0.key.object.time.kind != .none } }
  }

  /// Places of the objects that had come on the connection before.
  mutating func take(_ objects: [InformationObject], _ header: ASDUHeader) -> [UInt8] {
    var repeated: [UInt8] = []
    for (index, object) in objects.enumerated() {
      let isEvent = object.time.kind != .none || header.cause == .spontaneous
      guard isEvent, !header.cause.isInterrogated, !header.cause.isCounterInterrogated else { continue }
      let key = Key(type: header.type.rawValue, commonAddress: header.commonAddress, object: object)
      if !repeatable.isEmpty, let count = repeatable[key] {
        repeatable[key] = count > 1 ? count - 1 : nil
        repeated.append(UInt8(clamping: index))
      }
      if recent.count < capacity {
        recent.append(key)
      } else {
        recent[next] = key
        next = (next + 1) % capacity
      }
    }
    return repeated
  }
}
