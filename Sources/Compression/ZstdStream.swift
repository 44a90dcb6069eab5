import Czstd

/// Zstandard (RFC 8878), one frame with a checksum; the same input in the same pieces gives the same bytes.
public final class ZstdStream: Compressor {
  private let context: OpaquePointer
  private var buffer = [UInt8](repeating: 0, count: 64 * 1024)

  /// - Parameter level: 9 reads as fast as any other and writes about as fast as a gateway's flash.
  public init(level: Int32 = 9) throws(CompressionError) {
    guard let context = ZSTD_createCCtx() else { throw CompressionError(description: "zstd has no memory") }
    self.context = context
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
  }

  deinit { ZSTD_freeCCtx(context) }

  public func compress(_ input: [UInt8], finish: Bool, into output: (ArraySlice<UInt8>) throws -> Void) throws {
    try input.withUnsafeBytes { bytes in
      var source = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
      while true {
        let (left, made) = buffer.withUnsafeMutableBytes { room in
          var target = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
          let left = ZSTD_compressStream2(context, &target, &source, finish ? ZSTD_e_end : ZSTD_e_continue)
          return (left, target.pos)
        }
        if ZSTD_isError(left) != 0 {
          throw CompressionError(description: "zstd: \(String(cString: ZSTD_getErrorName(left)))")
        }
        if made > 0 { try output(buffer[..<made]) }
        if finish ? left == 0 : source.pos == source.size { return }
      }
    }
  }
}
