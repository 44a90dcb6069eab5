import Glibc
import Proof

/// A file that is written from its beginning to its end, and removed where that end is not reached.
final class SegmentOutput {
  let path: String
  private(set) var count = 0
  private var descriptor: Int32
  private var buffer: [UInt8] = []
  private var hash: StreamingHash?
  private static let bufferSize = 1 << 20

  init(path: String) throws(SegmentFault) {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw SegmentFault(path, "cannot be made: \(errorText())") }
    buffer.reserveCapacity(SegmentOutput.bufferSize)
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(path)
  }

  func append(_ octets: UnsafeRawBufferPointer) throws(SegmentFault) {
    hash?.update(octets)
    count += octets.count
    if buffer.count + octets.count > SegmentOutput.bufferSize { try flush() }
    if octets.count < SegmentOutput.bufferSize {
      buffer.append(contentsOf: octets)
    } else {
      try write(octets)
    }
  }

  func append(_ octets: [UInt8]) throws(SegmentFault) {
    try octets.withOctets { octets throws(SegmentFault) in try append(octets) }
  }

  /// What is appended from now on is hashed.
  func beginHash() { hash = StreamingHash() }

  /// Of what was appended since `beginHash`.
  func endHash() -> Digest {
    defer { hash = nil }
    return (hash ?? StreamingHash()).finish()
  }

  /// Puts everything on disk. From here on the file stays.
  func finish() throws(SegmentFault) {
    try flush()
    guard fsync(descriptor) == 0 else { throw SegmentFault(path, "cannot be synced: \(errorText())") }
    close(descriptor)
    descriptor = -1
  }

  private func flush() throws(SegmentFault) {
    try buffer.withOctets { octets throws(SegmentFault) in try write(octets) }
    buffer.removeAll(keepingCapacity: true)
  }

  private func write(_ octets: UnsafeRawBufferPointer) throws(SegmentFault) {
    var rest = octets
    while !rest.isEmpty {
      let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if written < 0 {
        if errno == EINTR { continue }
        throw SegmentFault(path, "cannot be written: \(errorText())")
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }
}

func errorText() -> String { String(cString: strerror(errno)) }
