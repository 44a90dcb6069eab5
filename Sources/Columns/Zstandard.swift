import Czstd

/// Makes zstd frames (RFC 8878) without the four octets of their magic number, with which every one of them would begin.
/// Levels up to 19 have windows of 8 MiB at most.
struct ZstandardCompressor: ~Copyable {
  private let context: OpaquePointer
  private var output: [UInt8] = []

  init(level: Int) {
    guard let context = ZSTD_createCCtx() else { fatalError("no memory for zstd") }
    self.context = context
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
  }

  deinit { ZSTD_freeCCtx(context) }

  /// The frame of `input`, its magic number left off; valid inside `body`.
  mutating func compress<R>(_ input: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    let bound = ZSTD_compressBound(input.count)
    if output.count < bound { output = [UInt8](repeating: 0, count: bound) }
    return output.withUnsafeMutableBytes { output in
      let count = ZSTD_compress2(context, output.baseAddress, output.count, input.baseAddress, input.count)
      // With room for the bound, only memory can be missing.
      guard ZSTD_isError(count) == 0 else { fatalError("zstd: \(String(cString: ZSTD_getErrorName(count)))") }
      return body(UnsafeRawBufferPointer(rebasing: output[4..<count]))
    }
  }
}

/// Reads zstd frames without their magic number.
struct ZstandardDecompressor: ~Copyable {
  private let context: OpaquePointer
  private var frame: [UInt8] = []

  init() {
    guard let context = ZSTD_createDCtx() else { fatalError("no memory for zstd") }
    self.context = context
  }

  deinit { ZSTD_freeDCtx(context) }

  /// How many octets the frame of `chunk[offset...]` says it holds.
  mutating func contentCount(_ chunk: UnsafeRawBufferPointer, from offset: Int) throws(ColumnFault) -> Int {
    frame.removeAll(keepingCapacity: true)
    frame.append(contentsOf: [0x28, 0xB5, 0x2F, 0xFD])
    frame.append(contentsOf: chunk[offset...])
    let count = frame.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
    guard let count = Int(exactly: count) else { throw ColumnFault("no zstd frame that says its size", at: offset) }
    return count
  }

  /// Decompresses the frame of `chunk[offset...]`, which has to fill `output`.
  mutating func decompress(
    _ chunk: UnsafeRawBufferPointer, from offset: Int, into output: UnsafeMutableRawBufferPointer
  ) throws(ColumnFault) {
    let declared = try contentCount(chunk, from: offset)
    guard declared == output.count else {
      throw ColumnFault("\(declared) octets in a zstd frame, not \(output.count)", at: offset)
    }
    guard frame.withUnsafeBytes({ ZSTD_findFrameCompressedSize($0.baseAddress, $0.count) }) == frame.count else {
      throw ColumnFault("no whole zstd frame, or more behind it", at: offset)
    }
    let count = frame.withUnsafeBytes {
      ZSTD_decompressDCtx(context, output.baseAddress, output.count, $0.baseAddress, $0.count)
    }
    guard ZSTD_isError(count) == 0 else {
      throw ColumnFault("zstd: \(String(cString: ZSTD_getErrorName(count)))", at: offset)
    }
    guard count == output.count else {
      throw ColumnFault("\(count) octets in a zstd frame, not \(output.count)", at: offset)
    }
  }
}
