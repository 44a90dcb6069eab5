/// Gives chunks of a file that are asked for in the order in which they stand there, out of one buffer.
final class ChunkStream {
  private let storage: SegmentStorage
  private let end: Int
  private var buffer: [UInt8]
  private var window = 0..<0
  /// Is told how many octets were read.
  private let progress: (Int) throws -> Void

  /// - Parameter end: of what may be asked for.
  init(_ storage: SegmentStorage, end: Int, octets: Int, progress: @escaping (Int) throws -> Void) {
    self.storage = storage
    self.end = end
    self.progress = progress
    buffer = [UInt8](repeating: 0, count: octets)
  }

  func withOctets<Result>(
    at offset: Int, count: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    if offset < window.lowerBound || offset + count > window.upperBound {
      if count > buffer.count {
        // No more than the file has: `read` would refuse it.
        guard offset >= 0, count <= end - offset else { throw SegmentFault(storage.name, at: offset, "past the end") }
        buffer = [UInt8](repeating: 0, count: count)
      }
      let length = max(count, min(buffer.count, end - offset))
      window = 0..<0
      try buffer.withUnsafeMutableBytes { buffer in
        try storage.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<length]))
      }
      window = offset..<(offset + length)
      try progress(length)
    }
    let begin = offset - window.lowerBound
    return try buffer.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[begin..<(begin + count)])) }
  }
}
