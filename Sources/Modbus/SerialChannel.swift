import Clibmodbus
import Glibc

/// A serial device, set up and written to by libmodbus, read by ourselves.
///
/// What comes back is collected from the context's descriptor because libmodbus 3.1.6 keeps no silence between frames, loses
/// its place after a foreign frame, and hands a late reply to the next request.
struct SerialChannel: ByteChannel {
  let name: String
  let wake: WakeUp
  private let busFormat: SerialFormat
  private let rs485: Bool
  private var format: SerialFormat
  private var device: Device?
  private var context: OpaquePointer? { device?.context }
  private var descriptor: Int32 { device?.descriptor ?? -1 }
  private(set) var advice: String?

  /// Closed with the last channel that has it.
  private final class Device {
    let context: OpaquePointer
    let descriptor: Int32

    init(_ context: OpaquePointer) {
      self.context = context
      descriptor = modbus_get_socket(context)
    }

    deinit {
      meterd_tty_shared(descriptor)
      modbus_close(context)
      modbus_free(context)
    }
  }

  init(device: String, format: SerialFormat, rs485: Bool, wake: WakeUp) {
    name = device
    busFormat = format
    self.rs485 = rs485
    self.wake = wake
    self.format = format
  }

  var isConnection: Bool { false }
  var isOpen: Bool { device != nil }

  mutating func close() { device = nil }

  mutating func open(timeoutMilliseconds: Int64) -> ChannelFailure? {
    format = busFormat
    let parity = CChar(SerialChannel.letter(format.parity))
    guard let context = modbus_new_rtu(name, Int32(format.baud), parity, 8, Int32(format.stopBits)) else {
      return .because(SystemError("cannot be set up").description)
    }
    modbus_set_error_recovery(context, MODBUS_ERROR_RECOVERY_NONE)
    guard modbus_connect(context) == 0 else {
      let error = SystemError("cannot open")
      modbus_free(context)
      return .because(SerialChannel.advice(error))
    }
    device = Device(context)
    // TIOCEXCL keeps other users' programs away, the lock a second meterd of root.
    guard meterd_tty_exclusive(descriptor) == 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close()
      return .because("in use by another program (systemctl stop meterd; fuser -v the device)")
    }
    if rs485, meterd_tty_rs485(descriptor) != 0 {
      let error = SystemError("the driver does not switch RS-485 itself; USB adapters do it alone: remove 'rs485'")
      close()
      return .because(error.description)
    }
    advice = meterd_tty_low_latency(descriptor) == 0 ? nil : LatencyTimer(device: name)?.advice
    return nil
  }

  mutating func send(_ bytes: [UInt8]) -> ChannelFailure? {
    // libmodbus adds the checksum itself.
    var bytes = bytes
    let sent = modbus_send_raw_request(context, &bytes, Int32(bytes.count - 2))
    return sent < 0 ? .because(SystemError("cannot send").description) : nil
  }

  mutating func receive(into buffer: inout [UInt8], untilNanoseconds deadline: UInt64) -> Received {
    while true {
      switch wake.wait(for: descriptor, deadlineNanoseconds: deadline) {
      case .stopped: return .stopped
      case .timedOut: return .timedOut
      case .failed(let error): return .lost(error.description)
      case .ready: break
      }
      let count = read(descriptor, &buffer, buffer.count)
      if count > 0 { return .bytes(count) }
      if count == 0 { return .lost("the device is gone") }
      if errno != EINTR, errno != EAGAIN { return .lost(SystemError("cannot read").description) }
    }
  }

  mutating func discardInput() -> Bool {
    modbus_flush(context)
    return true
  }

  mutating func use(_ format: SerialFormat) -> ChannelFailure? {
    if format == self.format { return nil }
    let parity = CChar(SerialChannel.letter(format.parity))
    guard meterd_tty_format(descriptor, Int32(format.baud), parity, Int32(format.stopBits)) == 0 else {
      return .because(SystemError("cannot be set to \(format)").description)
    }
    self.format = format
    return nil
  }

  func now() -> UInt64 { Monotonic.nanoseconds() }
  func pause(untilNanoseconds deadline: UInt64) -> Bool { wake.pause(untilNanoseconds: deadline) }

  private static func letter(_ parity: SerialFormat.Parity) -> UInt8 {
    switch parity {
    case .none: UInt8(ascii: "N")
    case .even: UInt8(ascii: "E")
    case .odd: UInt8(ascii: "O")
    }
  }

  private static func advice(_ error: SystemError) -> String {
    switch error.code {
    case EACCES: "\(error); add the user to the group that owns it (ls -l, often 'dialout')"
    case ENOENT: "\(error); is the adapter plugged in? ls /dev/serial/by-id"
    case EBUSY: "\(error); another program has it (systemctl stop meterd; fuser -v the device)"
    default: error.description
    }
  }
}

/// How long a USB adapter keeps the last characters back (FTDI: 16 ms unless told otherwise).
struct LatencyTimer {
  let path: String
  let milliseconds: Int

  /// Nil where the device has none.
  init?(device: String) {
    guard let resolved = realpath(device, nil) else { return nil }
    defer { free(resolved) }
    let base = String(cString: resolved).split(separator: "/").last ?? ""
    path = "/sys/class/tty/\(base)/device/latency_timer"
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { Glibc.close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = read(descriptor, &bytes, bytes.count)
    guard count > 0, let number = Int(String(decoding: bytes[..<count].prefix { $0 > 32 }, as: UTF8.self)) else {
      return nil
    }
    milliseconds = number
  }

  var advice: String? {
    milliseconds <= 2 ? nil : "the adapter keeps each answer back for up to \(milliseconds) ms: echo 1 > \(path)"
  }
}
