/// A way for bytes, with its own clock: a socket, a serial device, or a test's memory.
///
/// Blocks; used from the bus's thread only. Instants are of a monotonic clock, in nanoseconds.
protocol ByteChannel {
  /// For messages: `192.0.2.10:502`, `/dev/ttyUSB0`.
  var name: String { get }
  var isOpen: Bool { get }
  /// Whether there is another side that can vanish without a word.
  var isConnection: Bool { get }
  /// What a user should change about it, in words.
  var advice: String? { get }
  /// - Returns: nil, or why there is none, in words without the name.
  mutating func open(timeoutMilliseconds: Int64) -> ChannelFailure?
  mutating func close()
  /// - Returns: nil when all of it is on its way.
  mutating func send(_ bytes: [UInt8]) -> ChannelFailure?
  /// Waits for bytes until the deadline; puts them at the buffer's start.
  mutating func receive(into buffer: inout [UInt8], untilNanoseconds deadline: UInt64) -> Received
  /// Throws away what has come and was not read.
  /// - Returns: false where the other side has closed the connection.
  mutating func discardInput() -> Bool
  /// Serial devices: speaks in another format from now on.
  mutating func use(_ format: SerialFormat) -> ChannelFailure?
  func now() -> UInt64
  /// Keeps quiet until then; false where the bus was told to stop.
  func pause(untilNanoseconds deadline: UInt64) -> Bool
}

enum ChannelFailure: Hashable {
  case stopped
  case because(String)
}

enum Received {
  /// So many bytes at the start of the buffer.
  case bytes(Int)
  case timedOut
  case stopped
  case lost(String)
}
