/// Reads chunks of columns. Keeps its scratch memory; for one thread.
public final class ColumnDecoder {
  private var zstd = ZstandardDecompressor()
  private var tokens = TokenReader()
  private var planes = Scratch<UInt8>()

  public init() {}

  /// Reads a chunk that has to hold exactly `values.count` values. After a fault there is anything in `values`.
  public func decode(
    _ chunk: UnsafeRawBufferPointer, _ format: ColumnFormat, into values: UnsafeMutableBufferPointer<UInt64>
  ) throws(ColumnFault) {
    var reader = ChunkReader(chunk)
    let head = try ChunkHead(&reader, format)
    let known = values.count - ChunkHead.residuals(values.count, order: head.order)
    let residuals = UnsafeMutableBufferPointer(rebasing: values[known...])
    switch head.coder {
    case .zeros: residuals.update(repeating: 0)
    case .rice: try RiceCoder.read(&reader, into: residuals)
    case .tokens: try tokens.read(&reader, into: residuals)
    case .planes: try readPlanes(&reader, into: residuals)
    }
    guard reader.offset == chunk.count else {
      throw ColumnFault("\(chunk.count - reader.offset) octets too many", at: reader.offset)
    }
    try head.restore(values, format)
  }

  private func readPlanes(
    _ reader: inout ChunkReader, into residuals: UnsafeMutableBufferPointer<UInt64>
  ) throws(ColumnFault) {
    let width = Int(try reader.octet())
    guard 1...8 ~= width else { throw ColumnFault("planes of \(width) octets", at: reader.offset - 1) }
    let size = residuals.count * width
    planes.reserve(size)
    try zstd.decompress(
      reader.bytes, from: reader.offset, into: UnsafeMutableRawBufferPointer(start: planes.start, count: size))
    for index in 0..<residuals.count { residuals[index] = UInt64(planes.start[index]) }
    for plane in 1..<width {
      let start = planes.start + plane * residuals.count
      for index in 0..<residuals.count { residuals[index] |= UInt64(start[index]) &<< UInt64(8 &* plane) }
    }
    for index in 0..<residuals.count { residuals[index] = UInt64(bitPattern: unzigzag(residuals[index])) }
    reader.skip(to: reader.bytes.count)
  }

  /// Reads a text or byte string of at most `limit` octets.
  public func decode(bytes chunk: UnsafeRawBufferPointer, limit: Int) throws(ColumnFault) -> [UInt8] {
    guard let method = chunk.first else { throw ColumnFault("empty", at: 0) }
    switch method {
    case 0:
      guard chunk.count - 1 <= limit else { throw ColumnFault("longer than \(limit) octets", at: 1) }
      return Array(chunk[1...])
    case 1:
      let count = try zstd.contentCount(chunk, from: 1)
      guard count <= limit else { throw ColumnFault("longer than \(limit) octets", at: 1) }
      var bytes = [UInt8](repeating: 0, count: count)
      try bytes.withUnsafeMutableBufferPointer { bytes throws(ColumnFault) in
        try zstd.decompress(chunk, from: 1, into: UnsafeMutableRawBufferPointer(bytes))
      }
      return bytes
    default: throw ColumnFault("method \(method) is unknown", at: 0)
    }
  }
}
