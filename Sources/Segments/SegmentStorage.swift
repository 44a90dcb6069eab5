import Glibc

/// Octets that are read from any place: a file, or memory.
final class SegmentStorage {
  let name: String
  let count: Int
  private let descriptor: Int32
  private let memory: [UInt8]
  /// How many reads there were.
  private(set) var reads = 0

  init(path: String) throws(SegmentFault) {
    // O_NONBLOCK: a pipe of that name would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw SegmentFault(path, "cannot be opened: \(errorText())") }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw SegmentFault(path, "is not a file")
    }
    name = path
    count = Int(status.st_size)
    memory = []
    self.descriptor = descriptor
  }

  init(octets: [UInt8], name: String) {
    self.name = name
    count = octets.count
    memory = octets
    descriptor = -1
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(SegmentFault) {
    guard offset >= 0, buffer.count <= count, offset <= count - buffer.count else {
      throw SegmentFault(name, at: offset, "\(buffer.count) octets past the end")
    }
    reads += 1
    if descriptor < 0 {
      memory.withUnsafeBytes {
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<(offset + buffer.count)]))
      }
      return
    }
    var done = 0
    while done < buffer.count {
      let part = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let got = pread(descriptor, part.baseAddress, part.count, offset + done)
      if got < 0 {
        if errno == EINTR { continue }
        throw SegmentFault(name, at: offset + done, "cannot be read: \(errorText())")
      }
      guard got > 0 else { throw SegmentFault(name, at: offset + done, "has become shorter") }
      done += got
    }
  }

  func read(at offset: Int, count: Int) throws(SegmentFault) -> [UInt8] {
    // Before memory is taken: a length from a file is not to be trusted.
    guard offset >= 0, count >= 0, count <= self.count, offset <= self.count - count else {
      throw SegmentFault(name, at: offset, "\(count) octets past the end")
    }
    var fault: SegmentFault?
    let octets = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(SegmentFault) {
        try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
        initialized = count
      } catch {
        fault = error
      }
    }
    if let fault { throw fault }
    return octets
  }
}
