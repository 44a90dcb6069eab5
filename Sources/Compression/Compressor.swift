/// A stream that is compressed as it is written.
public protocol Compressor: AnyObject {
  /// Compresses `input`; with `finish` also what is left inside, and ends the stream.
  func compress(_ input: [UInt8], finish: Bool, into output: (ArraySlice<UInt8>) throws -> Void) throws
}

/// What the library said.
public struct CompressionError: Error, Hashable, CustomStringConvertible {
  public let description: String
}

/// How a file is compressed.
public enum Compression: String, Hashable, Sendable, CaseIterable {
  case none, gzip, zstd

  /// What its name ends in, after the name of the plain file.
  public var suffix: String {
    switch self {
    case .none: ""
    case .gzip: ".gz"
    case .zstd: ".zst"
    }
  }

  /// Nil where nothing is compressed.
  public func compressor() throws(CompressionError) -> (any Compressor)? {
    switch self {
    case .none: nil
    case .gzip: try GzipStream()
    case .zstd: try ZstdStream()
    }
  }
}
