import Czlib

/// gzip (RFC 1952) with mtime 0 and no name: the same input gives the same bytes.
public final class GzipStream: Compressor {
  private var stream = z_stream()
  private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

  public init() throws(CompressionError) {
    guard meterd_gzip_begin(&stream, 6) == Z_OK else { throw CompressionError(description: "zlib has no memory") }
  }

  deinit { deflateEnd(&stream) }

  public func compress(_ input: [UInt8], finish: Bool, into output: (ArraySlice<UInt8>) throws -> Void) throws {
    var input = input
    try input.withUnsafeMutableBufferPointer { bytes in
      stream.next_in = bytes.baseAddress
      stream.avail_in = UInt32(bytes.count)
      while true {
        let code = buffer.withUnsafeMutableBufferPointer { out in
          stream.next_out = out.baseAddress
          stream.avail_out = UInt32(out.count)
          return deflate(&stream, finish ? Z_FINISH : Z_NO_FLUSH)
        }
        guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else {
          throw CompressionError(description: "zlib: code \(code)")
        }
        let made = buffer.count - Int(stream.avail_out)
        if made > 0 { try output(buffer[..<made]) }
        if code == Z_STREAM_END || (stream.avail_in == 0 && stream.avail_out > 0) { return }
      }
    }
  }
}
