import Clibmodbus
import Glibc
import ModbusProtocol

/// One serial line, set up and written to by libmodbus, read by ourselves.
///
/// What comes back is collected from the context's descriptor because libmodbus 3.1.6 keeps no silence between frames, loses
/// its place after a foreign frame, and hands a late reply to the next request.
struct SerialLine: Line {
  let device: String
  let baud: Int
  let parity: BusSettings.Parity
  let stopBits: Int
  let settings: BusSettings
  let wake: WakeUp
  private let timing: SerialTiming
  private var context: OpaquePointer?
  private var descriptor: Int32 = -1
  private var retry = Backoff()
  /// When the line last carried a byte, as far as we know.
  private var lastByteNanoseconds: UInt64 = 0
  /// After a timeout its answer may still come: until then that unit is asked nothing of the same shape.
  private var lateUntilNanoseconds: [UInt8: (function: ReadFunction, count: UInt16, until: UInt64)] = [:]
  private var receiveBuffer = [UInt8](repeating: 0, count: RTUTransaction.maximumFrame)

  /// A late reply of the same shape cannot be told from a right one; how long one may come after a timeout.
  static let lateWindowNanoseconds: UInt64 = 2_000_000_000

  init(
    device: String, baud: Int, parity: BusSettings.Parity, stopBits: Int, settings: BusSettings, wake: WakeUp
  ) {
    self.device = device
    self.baud = baud
    self.parity = parity
    self.stopBits = stopBits
    self.settings = settings
    self.wake = wake
    timing = SerialTiming(baud: baud, bitsPerCharacter: 9 + (parity == .none ? 0 : 1) + stopBits)
  }

  var isOpen: Bool { context != nil }

  mutating func takeStaleReplies() -> Int { 0 }

  mutating func close() {
    if let context {
      modbus_close(context)
      modbus_free(context)
    }
    context = nil
    descriptor = -1
  }

  mutating func transact(_ request: ReadRequest, unitID: UInt8) -> ReadResult {
    if !isOpen, let failure = open() { return .failed(failure) }
    if mayGetLateReply(request, unitID: unitID) { return .failed(.held) }
    guard keepSilence() else { return .failed(.stopped) }
    modbus_flush(context)
    var transaction = RTUTransaction(request: request, unitID: unitID)
    var bytes: [UInt8] = []
    transaction.append(to: &bytes)
    let sent = modbus_send_raw_request(context, &bytes, Int32(bytes.count))
    if sent < 0 { return lost(SystemError("cannot send").description) }
    let result = receive(&transaction)
    lastByteNanoseconds = Monotonic.nanoseconds()
    if case .failed(let failure) = result, failure != .stopped, isOpen {
      let until = lastByteNanoseconds + SerialLine.lateWindowNanoseconds
      lateUntilNanoseconds[unitID] = (request.function, request.count, until)
      if let why = drain() { return lost(why) }
    }
    return result
  }

  private mutating func receive(_ transaction: inout RTUTransaction) -> ReadResult {
    // The device's time, then the time that request and reply need on the wire: bounded in total.
    let wire = timing.readNanoseconds(transaction.request)
    let deadline = Monotonic.nanoseconds() + UInt64(settings.timeoutMilliseconds * 1_000_000 + wire)
    while true {
      switch wake.wait(for: descriptor, deadlineNanoseconds: deadline) {
      case .stopped: return .failed(.stopped)
      case .timedOut: return transaction.resultAtDeadline
      case .failed(let error): return lost(error.description)
      case .ready: break
      }
      let count = read(descriptor, &receiveBuffer, receiveBuffer.count)
      if count == 0 { return lost("the device is gone") }
      if count < 0 {
        if errno == EINTR || errno == EAGAIN { continue }
        return lost(SystemError("cannot read").description)
      }
      if let result = transaction.receive(receiveBuffer[..<count]) { return result }
    }
  }

  /// Reads until the line has been quiet for T3.5 (20 ms at least: USB adapters deliver in lumps), at most for a second.
  /// - Returns: what is wrong with the device, or nil.
  private mutating func drain() -> String? {
    let silence = UInt64(max(timing.t35Nanoseconds, 20_000_000))
    let end = Monotonic.nanoseconds() + 1_000_000_000
    while Monotonic.nanoseconds() < end {
      switch wake.wait(for: descriptor, deadlineNanoseconds: Monotonic.nanoseconds() + silence) {
      case .stopped, .timedOut: return nil
      case .failed(let error): return error.description
      case .ready: break
      }
      let count = read(descriptor, &receiveBuffer, receiveBuffer.count)
      if count == 0 { return "the device is gone" }
      if count < 0, errno != EINTR, errno != EAGAIN { return SystemError("cannot read").description }
      lastByteNanoseconds = Monotonic.nanoseconds()
    }
    return nil
  }

  /// T3.5 and the configured pause since the last byte; false where the bus is stopping.
  private func keepSilence() -> Bool {
    let silence = timing.t35Nanoseconds + settings.pauseMilliseconds * 1_000_000
    return wake.pause(untilNanoseconds: lastByteNanoseconds + UInt64(silence))
  }

  /// Whether the answer to an earlier request could still come and would look like the answer to this one.
  private mutating func mayGetLateReply(_ request: ReadRequest, unitID: UInt8) -> Bool {
    guard let late = lateUntilNanoseconds[unitID] else { return false }
    if Monotonic.nanoseconds() >= late.until {
      lateUntilNanoseconds[unitID] = nil
      return false
    }
    return late.function == request.function && late.count == request.count
  }

  private mutating func lost(_ why: String) -> ReadResult {
    close()
    let text = "\(device): \(why)"
    retry.failed(text, now: Monotonic.nanoseconds())
    return .failed(.link(text))
  }

  private mutating func open() -> ReadResult.Failure? {
    if let why = retry.reasonToWait(now: Monotonic.nanoseconds()) { return .link(why) }
    func fail(_ why: String) -> ReadResult.Failure {
      let text = "\(device): \(why)"
      retry.failed(text, now: Monotonic.nanoseconds())
      return .link(text)
    }
    let parityLetter: CChar =
      switch parity {
      case .none: CChar(UInt8(ascii: "N"))
      case .even: CChar(UInt8(ascii: "E"))
      case .odd: CChar(UInt8(ascii: "O"))
      }
    guard let context = modbus_new_rtu(device, Int32(baud), parityLetter, 8, Int32(stopBits)) else {
      return fail(SystemError("cannot be set up").description)
    }
    modbus_set_error_recovery(context, MODBUS_ERROR_RECOVERY_NONE)
    guard modbus_connect(context) == 0 else {
      let error = SystemError("cannot open")
      modbus_free(context)
      return fail(SerialLine.advice(error))
    }
    self.context = context
    descriptor = modbus_get_socket(context)
    // TIOCEXCL keeps other users' programs away, the lock a second meterd of root.
    guard meterd_tty_exclusive(descriptor) == 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let error = SystemError("in use by another program (systemctl stop meterd; fuser -v the device)")
      close()
      return fail(error.description)
    }
    lastByteNanoseconds = Monotonic.nanoseconds()
    retry.succeeded()
    return nil
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
