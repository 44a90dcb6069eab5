import Clibmodbus
import Glibc
import Metering

/// libmodbus's own RTU server behind a pair of sockets: a request's bytes in, its reply's bytes out.
///
/// Its replies come from another implementation than the one under test. One context serves all units of a line, its
/// slave id set before each request. What it would answer with an exception after sleeping (it waits a whole response
/// timeout and flushes) is sorted out before, and sent with `modbus_reply_exception`. A device identification, which it
/// does not know, is sent raw.
struct LibmodbusSlave: Sendable {
  private static let maximumLength = 260
  // Only used by the thread of its line.
  private nonisolated(unsafe) let context: OpaquePointer
  private let inner: Int32
  private let outer: Int32

  init(line: String) throws(SimulationError) {
    func failure(_ what: String) -> SimulationError {
      SimulationError(.system, "simulated line \(line): \(what): \(String(cString: strerror(errno)))")
    }
    var pair: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &pair) == 0 else { throw failure("cannot make a pair of sockets") }
    // The name and baud rate are never used: the context is not connected, but given a socket.
    guard pair[0] < 1024, let context = modbus_new_rtu("simulated", 9600, CChar(UInt8(ascii: "N")), 8, 1),
      modbus_set_socket(context, pair[0]) == 0
    else {
      let error = failure("libmodbus needs a descriptor below 1024 and memory; start fewer TCP buses before it")
      Glibc.close(pair[0])
      Glibc.close(pair[1])
      throw error
    }
    (self.context, inner, outer) = (context, pair[0], pair[1])
  }

  func close() {
    modbus_free(context)
    Glibc.close(inner)
    Glibc.close(outer)
  }

  /// - Parameter request: a whole frame with a right CRC.
  /// - Returns: the reply's bytes with their CRC; nil for silence.
  func reply(to request: [UInt8], of unit: SimulatedUnit) -> [UInt8]? {
    guard request.count >= 4, modbus_set_slave(context, Int32(request[0])) == 0 else { return nil }
    let sent: Int32
    switch unit.answer(UnitRequest(request[1..<(request.count - 2)])) {
    case .silence: return nil
    case .exception(let code): sent = modbus_reply_exception(context, request, UInt32(code))
    case .identification(let data):
      var raw = request[..<2] + data
      sent = raw.withUnsafeMutableBufferPointer {
        modbus_send_raw_request(context, $0.baseAddress, Int32($0.count))
      }
    case .values(let table, var values):
      guard let received = receive(request) else { return nil }
      let address = Int32(request[2]) << 8 | Int32(request[3])
      sent = LibmodbusSlave.withMapping(of: table, from: address, &values) { mapping in
        modbus_reply(context, received, Int32(received.count), &mapping)
      }
    }
    var reply = [UInt8](repeating: 0, count: LibmodbusSlave.maximumLength)
    let length = recv(outer, &reply, reply.count, Int32(MSG_DONTWAIT))
    return sent > 0 && length > 0 ? Array(reply[..<length]) : nil
  }

  /// The request as libmodbus reads and checks it.
  private func receive(_ request: [UInt8]) -> [UInt8]? {
    guard send(outer, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { return nil }
    var received = [UInt8](repeating: 0, count: LibmodbusSlave.maximumLength)
    let count = modbus_receive(context, &received)
    return count > 0 ? Array(received[..<Int(count)]) : nil
  }

  /// A mapping that begins at the request's address and holds just what it asks for.
  private static func withMapping(
    of table: RegisterTable, from address: Int32, _ values: inout [UInt16],
    _ body: (inout modbus_mapping_t) -> Int32
  ) -> Int32 {
    var mapping = modbus_mapping_t()
    let count = Int32(values.count)
    if table.isBits {
      var bits = values.map { UInt8($0 == 0 ? 0 : 1) }
      return bits.withUnsafeMutableBufferPointer { cells in
        if table == .coil {
          (mapping.start_bits, mapping.nb_bits, mapping.tab_bits) = (address, count, cells.baseAddress)
        } else {
          (mapping.start_input_bits, mapping.nb_input_bits, mapping.tab_input_bits) =
            (address, count, cells.baseAddress)
        }
        return body(&mapping)
      }
    }
    return values.withUnsafeMutableBufferPointer { cells in
      if table == .holding {
        (mapping.start_registers, mapping.nb_registers, mapping.tab_registers) = (address, count, cells.baseAddress)
      } else {
        (mapping.start_input_registers, mapping.nb_input_registers, mapping.tab_input_registers) =
          (address, count, cells.baseAddress)
      }
      return body(&mapping)
    }
  }
}
