import ModbusProtocol

/// Gives arbitrary bytes to all that takes bytes from a line, in arbitrary pieces, and says what should not have been.
///
/// `Fuzz/Sources/fuzz-adu` is this file as well. What is asked, and how the rest is cut up, stands in the first bytes.
struct ADUCheck {
  /// Why an input is not as it must be.
  struct Finding: Error, CustomStringConvertible {
    let description: String
  }

  private let echoes: Bool
  private let doubtsExceptions: Bool
  private let acceptsAnyUnit: Bool
  private let unitID: UInt8
  private let queries: [Query]
  private let pieceSeed: UInt8
  private let stream: [UInt8]

  /// How many bytes say what is asked.
  static let headLength = 8

  /// Nil where there are not enough bytes to ask anything.
  private init?(_ bytes: [UInt8]) {
    guard bytes.count >= ADUCheck.headLength else { return nil }
    let flags = bytes[0]
    echoes = flags & 1 > 0
    doubtsExceptions = flags & 2 > 0
    acceptsAnyUnit = flags & 4 > 0
    unitID = bytes[1]
    let function = ReadFunction.allCases[Int(bytes[2] & 3)]
    let address = Int(bytes[3]) << 8 | Int(bytes[4])
    let count = 1 + (Int(bytes[5]) << 8 | Int(bytes[6])) % function.maximumCount
    guard let read = ReadRequest(function: function, address: min(address, 65_536 - count), count: count) else {
      return nil
    }
    let identify = Query.identify(.init(category: bytes[3], objectID: bytes[4]))
    queries = flags & 8 > 0 ? [identify, .read(read)] : [.read(read), identify, .read(read)]
    pieceSeed = bytes[7]
    var stream = Array(bytes[ADUCheck.headLength...])
    // Few inputs have a right checksum by chance: the flag gives one to the bytes from the unit id on.
    if flags & 16 > 0, let start = stream.firstIndex(of: bytes[1]) {
      let crc = ADUCheck.checksum(stream[start...])
      stream += [UInt8(crc & 0xFF), UInt8(crc >> 8)]
    }
    self.stream = stream
  }

  /// - Throws: `Finding`
  static func run(_ bytes: [UInt8]) throws(Finding) {
    guard let check = ADUCheck(bytes) else { return }
    let whole = try check.serial(pieces: [check.stream[...]])
    let single = try check.serial(pieces: check.stream.indices.map { check.stream[$0...$0] })
    _ = try check.serial(pieces: check.pieces)
    // Which of several replies comes first depends on the pieces; whether there is one does not. (An echo is looked for in
    // what is there; what has left the buffer cannot be found.)
    if !check.echoes, check.stream.count <= 1024, (whole == nil) != (single == nil) {
      throw Finding(description: "whole: \(String(describing: whole)), byte by byte: \(String(describing: single))")
    }
    let course = try check.connection(pieces: check.stream.indices.map { check.stream[$0...$0] })
    try check.expectSame(try check.connection(pieces: [check.stream[...]]), course)
    try check.expectSame(try check.connection(pieces: check.pieces), course)
    try check.expectNothingAfterGivingUp()
    try check.pages()
  }

  private var pieces: [ArraySlice<UInt8>] {
    var state = UInt32(pieceSeed) &* 0x9E37_79B1 | 1
    var pieces: [ArraySlice<UInt8>] = []
    var start = 0
    while start < stream.count {
      state ^= state << 13
      state ^= state >> 17
      state ^= state << 5
      let end = min(stream.count, start + Int(state % (2 + UInt32(pieceSeed))))
      pieces.append(stream[start..<end])
      start = end
    }
    return pieces
  }

  // MARK: - Serial lines

  private func serial(pieces: [ArraySlice<UInt8>]) throws(Finding) -> ReadResult? {
    var transaction = RTUTransaction(
      query: queries[0], unitID: unitID, echoes: echoes, doubtsExceptions: doubtsExceptions)
    for piece in pieces {
      let result = transaction.receive(piece)
      guard transaction.received.count <= 1024 else {
        throw Finding(description: "\(transaction.received.count) bytes are kept")
      }
      guard let result else { continue }
      if case .exception = result, doubtsExceptions {
        throw Finding(description: "an exception that is in doubt was taken at once")
      }
      try expectFrame(result)
      return result
    }
    switch transaction.resultAtDeadline {
    case .data: throw Finding(description: "data at the deadline only")
    case .exception where !doubtsExceptions: throw Finding(description: "an exception at the deadline only")
    case .exception(let code): try expectFrame(.exception(code))
    case .failed(.crc(let bytes)), .failed(.malformed(let bytes)):
      guard (1...260).contains(bytes.count) else { throw Finding(description: "\(bytes.count) bytes are shown") }
    case .failed(.timeout):
      let isEchoLast = echoes && transaction.received.suffix(transaction.frame.count) == transaction.frame[...]
      guard transaction.received.isEmpty || isEchoLast else {
        throw Finding(description: "bytes came, but it is called silence")
      }
    case .failed(let failure): throw Finding(description: "\(failure) of a line that did not fail")
    }
    return nil
  }

  /// Somewhere among the bytes is a frame that says this, with a right checksum.
  private func expectFrame(_ result: ReadResult) throws(Finding) {
    let query = queries[0]
    var body: [UInt8]
    switch result {
    case .data(let data):
      try expectLength(data, of: query)
      if case .read = query { body = [query.functionCode, UInt8(data.count)] + data } else { body = [43, 14] + data }
    case .exception(let code): body = [query.functionCode | 0x80, code]
    case .failed(let failure): throw Finding(description: "\(failure) before the deadline")
    }
    body.insert(unitID, at: 0)
    let crc = ADUCheck.checksum(body)
    body += [UInt8(crc & 0xFF), UInt8(crc >> 8)]
    guard contains(body) else { throw Finding(description: "\(result) stands nowhere with its checksum") }
  }

  /// MODBUS over Serial Line V1.02, appendix B, bit by bit.
  private static func checksum(_ bytes: some Sequence<UInt8>) -> UInt16 {
    var crc: UInt16 = 0xFFFF
    for byte in bytes {
      crc ^= UInt16(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xA001 : crc >> 1 }
    }
    return crc
  }

  private func contains(_ bytes: [UInt8]) -> Bool {
    guard bytes.count <= stream.count else { return false }
    return (0...(stream.count - bytes.count)).contains { stream[$0...].starts(with: bytes) }
  }

  private func expectLength(_ data: [UInt8], of query: Query) throws(Finding) {
    switch query {
    case .read(let request):
      let length = request.function.readsBits ? (Int(request.count) + 7) / 8 : 2 * Int(request.count)
      guard data.count == length else { throw Finding(description: "\(data.count) bytes in place of \(length)") }
    case .identify:
      guard DeviceIdentification.Page(data: data) != nil else {
        throw Finding(description: "an identification that cannot be read: \(data)")
      }
    }
  }

  // MARK: - Connections

  /// What came of the bytes of a connection.
  private struct Course {
    var replies: [TCPExchange.Event] = []
    /// It ended because the stream was out of step.
    var isOut = false
    /// It ended in the middle of something.
    var isWithinFrame = false
  }

  private func connection(pieces: [ArraySlice<UInt8>]) throws(Finding) -> Course {
    var exchange = TCPExchange(acceptsAnyUnit: acceptsAnyUnit)
    var sent: [UInt8] = []
    for (place, query) in queries.enumerated() { exchange.ask(query, unitID: unitID, place: place, to: &sent) }
    var course = Course()
    var open = Set(queries.indices)
    for piece in pieces {
      exchange.receive(piece[...])
      while let event = exchange.next() {
        switch event {
        case .desynchronised(let bytes):
          guard (3...260).contains(bytes.count) else { throw Finding(description: "\(bytes.count) bytes are shown") }
          course.isOut = true
          return course
        case .finished(let place, let result):
          course.replies.append(event)
          guard open.remove(place) != nil else { throw Finding(description: "query \(place) was answered twice") }
          try expectADU(place, result)
        }
      }
    }
    guard exchange.isWaiting == !open.isEmpty else { throw Finding(description: "waits for \(open.count)") }
    course.isWithinFrame = exchange.isWithinFrame
    return course
  }

  private func expectADU(_ place: Int, _ result: ReadResult) throws(Finding) {
    let query = queries[place]
    var pdu: [UInt8]
    switch result {
    case .data(let data):
      try expectLength(data, of: query)
      if case .read = query { pdu = [query.functionCode, UInt8(data.count)] + data } else { pdu = [43, 14] + data }
    case .exception(let code): pdu = [query.functionCode | 0x80, code]
    case .failed(.malformed(let frame)):
      guard contains(frame), frame.count <= 260 else { throw Finding(description: "\(frame) never came") }
      return
    case .failed(let failure): throw Finding(description: "\(failure) of bytes")
    }
    let head = [0, UInt8(place + 1), 0, 0, 0, UInt8(1 + pdu.count)]
    let units = acceptsAnyUnit ? 0...255 : unitID...unitID
    guard units.contains(where: { contains(head + [$0] + pdu) }) else {
      throw Finding(description: "\(result) stands nowhere as an answer to query \(place)")
    }
  }

  /// In larger pieces it may be seen earlier that the stream is out of step, since what follows a frame is looked at as well:
  /// one reply earlier. Nothing else depends on the pieces.
  private func expectSame(_ course: Course, _ single: Course) throws(Finding) {
    let isSame = course.isOut == single.isOut && (course.isOut || course.isWithinFrame == single.isWithinFrame)
    let isOneEarlier = course.isOut && single.replies.dropLast().elementsEqual(course.replies)
    guard isSame, course.replies == single.replies || isOneEarlier else {
      throw Finding(description: "in pieces: \(course), byte by byte: \(single)")
    }
  }

  private func expectNothingAfterGivingUp() throws(Finding) {
    var exchange = TCPExchange(acceptsAnyUnit: acceptsAnyUnit)
    var sent: [UInt8] = []
    exchange.ask(queries[0], unitID: unitID, place: 0, to: &sent)
    exchange.giveUp()
    exchange.receive(stream[...])
    while let event = exchange.next() {
      if case .desynchronised = event { return }
      throw Finding(description: "an answer to what had been given up")
    }
  }

  // MARK: - Identification

  private func pages() throws(Finding) {
    guard let page = DeviceIdentification.Page(data: stream) else { return }
    guard stream.count >= 5, page.objects.count <= Int(stream[4]) else {
      throw Finding(description: "\(page.objects.count) objects")
    }
    for text in page.objects.values where !text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) {
      throw Finding(description: "a text that cannot be printed")
    }
  }
}
