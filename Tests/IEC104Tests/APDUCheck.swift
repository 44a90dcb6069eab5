import IEC104

/// Gives arbitrary octets to a session, in arbitrary pieces, and what comes out of it to the codec and the procedures, and says what
/// should not have been.
///
/// `Fuzz/Sources/fuzz-apdu` is this file as well. How the session is set up, and how the stream is cut up, stands in the first octets.
struct APDUCheck {
  /// Why an input is not as it must be.
  struct Finding: Error, CustomStringConvertible {
    let description: String
  }

  /// How many octets say how the session is set up.
  static let headLength = 4

  private let role: Session.Role
  private let format: ASDUFormat
  private let parameters: SessionParameters
  private let sends: Int
  private let pieceSeed: UInt8
  private let stream: [UInt8]

  /// Nil where there are not enough octets to set anything up.
  private init?(_ bytes: [UInt8]) {
    guard bytes.count >= APDUCheck.headLength else { return nil }
    let flags = bytes[0]
    role = flags & 1 > 0 ? .controlled : .controlling
    sends = Int(flags >> 1 & 3)
    format = ASDUFormat(
      causeSize: bytes[1] & 1 > 0 ? 1 : 2, commonAddressSize: bytes[1] & 2 > 0 ? 1 : 2,
      objectAddressSize: 3 - Int(bytes[1] >> 2) % 3, privateTypeSizes: [137: 3, 200: 0, 255: 249])
    var parameters = SessionParameters()
    // The window never holds back what is sent at the beginning: nobody can acknowledge what has not left yet.
    parameters.k = 3 + Int(bytes[2] & 0x0F)
    parameters.w = 1 + Int(bytes[2] >> 4)
    self.parameters = parameters
    pieceSeed = bytes[3]
    var stream = Array(bytes[APDUCheck.headLength...])
    // Few inputs have the right sequence numbers by chance: the flag gives them.
    if flags & 8 > 0 { APDUCheck.number(&stream) }
    self.stream = stream
  }

  /// - Throws: `Finding`
  static func run(_ bytes: [UInt8]) throws(Finding) {
    guard let check = APDUCheck(bytes) else { return }
    let whole = try check.course(pieces: [check.stream[...]])
    let single = try check.course(pieces: check.stream.indices.map { check.stream[$0...$0] })
    let split = try check.course(pieces: check.pieces)
    // A client that asks for a stop and does not wait for it gets its answer where a read ends.
    if check.role == .controlling || !check.frames.contains(where: { $0[2] == UFunction.stopActivation.rawValue }) {
      try check.expectSame(single, whole)
      try check.expectSame(split, whole)
    }
    for course in [whole, single, split] { try check.expectFrames(course) }
    try check.expectNothingUncommittedIsAcknowledged()
    for asdu in whole.delivered { try check.expectObjects(asdu) }
    try check.procedures(whole.delivered)
  }

  /// N(S) in order, N(R) 0.
  private static func number(_ stream: inout [UInt8]) {
    var place = 0
    var number: UInt16 = 0
    while place + 6 <= stream.count, stream[place] == 0x68 {
      if stream[place + 2] & 1 == 0 {
        stream[place + 2] = UInt8(truncatingIfNeeded: number << 1)
        stream[place + 3] = UInt8(truncatingIfNeeded: number >> 7)
        number += 1
      }
      if stream[place + 2] & 3 != 3 { stream.replaceSubrange(place + 4..<place + 6, with: [0, 0]) }
      place += 2 + Int(stream[place + 1])
    }
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

  // MARK: - Session

  /// What came of the octets of a connection.
  private struct Course {
    var delivered: [[UInt8]] = []
    var session: Session
  }

  private func opened() throws(Finding) -> Session {
    var session = Session(role: role, parameters: parameters)
    session.opened(at: 0)
    session.start(at: 0)
    for _ in 0..<sends {
      do throws(ASDUFault) {
        let asdu = try OutgoingASDU.interrogation(commonAddress: 1, format: format)
        guard session.send(asdu, at: 0) else { throw .field("queue", session.queued) }
      } catch {
        throw Finding(description: "not to be sent: \(error)")
      }
    }
    if sends > 0 {
      var start: [UInt8] = []
      APCI.u(role == .controlling ? .startConfirmation : .startActivation).append(to: &start)
      start.withUnsafeBytes { session.receive($0, at: 0) { _ in } }
      guard session.sent == sends else { throw Finding(description: "\(session.sent) of \(sends) were sent") }
    }
    return session
  }

  private func course(pieces: [ArraySlice<UInt8>]) throws(Finding) -> Course {
    var course = Course(session: try opened())
    for piece in pieces {
      piece.withUnsafeBytes { course.session.receive($0, at: 0) { course.delivered.append(Array($0)) } }
    }
    guard course.delivered.count == Int(course.session.received) else {
      throw Finding(description: "\(course.delivered.count) delivered, \(course.session.received) counted")
    }
    return course
  }

  /// Nothing depends on the pieces.
  private func expectSame(_ course: Course, _ whole: Course) throws(Finding) {
    guard course.delivered == whole.delivered, course.session.state == whole.session.state,
      course.session.outgoing == whole.session.outgoing
    else {
      throw Finding(
        description: "in pieces: \(course.session.state) after \(course.delivered), \(course.session.outgoing); "
          + "whole: \(whole.session.state) after \(whole.delivered), \(whole.session.outgoing)")
    }
  }

  /// The whole frames from the beginning of the stream to the first thing that is none.
  private var frames: [[UInt8]] {
    var frames: [[UInt8]] = []
    var place = 0
    while place + 6 <= stream.count, stream[place] == 0x68, (4...253).contains(stream[place + 1]) {
      let end = place + 2 + Int(stream[place + 1])
      guard end <= stream.count else { break }
      frames.append(Array(stream[place..<end]))
      place = end
    }
    return frames
  }

  /// What was delivered are the I frames of the stream from its beginning on; where not all of them, there is a reason.
  private func expectFrames(_ course: Course) throws(Finding) {
    let frames = frames
    let bodies = frames.filter { $0[2] & 1 == 0 }.map { Array($0[6...]) }
    guard bodies.starts(with: course.delivered) else {
      throw Finding(description: "delivered what did not come: \(course.delivered)")
    }
    guard course.session.isOpen else { return }
    guard course.delivered.count == bodies.count else {
      throw Finding(description: "\(bodies.count) I frames came, \(course.delivered.count) were delivered")
    }
    let rest = Array(stream[frames.reduce(0) { $0 + $1.count }...])
    guard rest.count < 255, rest.isEmpty || rest[0] == 0x68, rest.count < 2 || (4...253).contains(rest[1]) else {
      throw Finding(description: "no APDU, and the connection is open: \(rest)")
    }
  }

  /// N(R) of everything that goes out, while commits lag behind and time passes.
  private func expectNothingUncommittedIsAcknowledged() throws(Finding) {
    var session = try opened()
    var now: UInt64 = 0
    for piece in pieces {
      piece.withUnsafeBytes { session.receive($0, at: now) { _ in } }
      _ = session.takeEvents()
      let lag = UInt64(pieceSeed & 3)
      if session.received > lag { session.committed(through: session.received - lag, at: now) }
      now += 1_000_000_000
      session.tick(at: now)
      try expectAcknowledgements(&session)
    }
    session.committed(through: session.received, at: now)
    // t2 has passed long ago then, t1 has not.
    session.tick(at: now + 11_000_000_000)
    let last = try expectAcknowledgements(&session)
    guard !session.isOpen || session.acknowledged == session.received else {
      throw Finding(
        description: "\(session.acknowledged) of \(session.received) are acknowledged; the last N(R) was \(last)")
    }
  }

  @discardableResult
  private func expectAcknowledgements(_ session: inout Session) throws(Finding) -> UInt16 {
    let outgoing = session.takeOutgoing()
    var place = 0
    var last: UInt16 = 0
    while place < outgoing.count {
      let frame = Array(outgoing[place...])
      let read = frame.withUnsafeBytes { frame in
        Result { () throws(APCIFault) in (try APCI.frameLength(frame), try APCI(frame: frame)) }
      }
      guard case .success((let length?, let control)) = read, length <= frame.count else {
        throw Finding(description: "sends no APDU: \(frame), \(read)")
      }
      switch control {
      case .i(_, let number), .s(let number):
        last = number
        guard number <= session.committed else {
          throw Finding(description: "N(R) \(number) with \(session.committed) committed")
        }
      case .u: break
      }
      place += length
    }
    return last
  }

  // MARK: - Codec

  private func expectObjects(_ asdu: [UInt8]) throws(Finding) {
    let before = InformationObject(address: 7, bits: 7)
    var objects = [before]
    let result = Result { () throws(ASDUFault) in try ASDU.decode(asdu, format: format, into: &objects) }
    switch result {
    case .success(let decoded):
      guard objects.count == 1 + decoded.header.count, objects[0] == before else {
        throw Finding(description: "\(objects.count - 1) objects of \(decoded.header.count)")
      }
      for object in objects.dropFirst() { try expectValue(object, decoded.header.type, within: asdu) }
      try expectSameAgain(decoded.header, Array(objects.dropFirst()))
    case .failure(let fault):
      guard objects == [before] else { throw Finding(description: "objects of an ASDU that is refused: \(fault)") }
      switch fault {
      case .truncatedHeader(let needed, let got), .truncated(_, let needed, let got):
        guard got == asdu.count, needed > got else { throw Finding(description: "\(fault), of \(asdu.count) octets") }
      case .unknownSize(let type):
        guard type.elementSize(format) == nil else { throw Finding(description: "\(fault)") }
      default: throw Finding(description: "\(fault) in what was received")
      }
    }
  }

  private func expectValue(_ object: InformationObject, _ type: TypeID, within asdu: [UInt8]) throws(Finding) {
    guard object.address <= format.maximumObjectAddress else {
      throw Finding(description: "address \(object.address)")
    }
    _ = object.time.cp56?.isPossible
    _ = object.time.cp24?.isPossible
    if case .octets(let place, let count) = object.value(as: type), place + count > asdu.count {
      throw Finding(description: "octets \(place)…\(place + count) of \(asdu.count)")
    }
  }

  /// Sent again, and read again, they are the same objects.
  private func expectSameAgain(_ header: ASDUHeader, _ objects: [InformationObject]) throws(Finding) {
    guard header.type.isMonitor else { return }
    var again: [InformationObject] = []
    let result = Result { () throws(ASDUFault) in
      let sent = try OutgoingASDU.monitor(
        type: header.type, cause: .spontaneous, commonAddress: header.commonAddress, isSequence: header.isSequence,
        objects: objects, format: format)
      return try ASDU.decode(sent.bytes, format: format, into: &again).trailingOctets
    }
    guard case .success(0) = result, again == objects else {
      throw Finding(description: "\(objects) became \(again), \(result)")
    }
  }

  // MARK: - Procedures

  /// Whatever a station answers: nothing is asked of it but system commands, and no asking without end.
  private func procedures(_ asdus: [[UInt8]]) throws(Finding) {
    var procedures = Procedures(
      .init(
        commonAddresses: [1, 2],
        startup: [.clockSynchronization, .general(qualifier: 20), .counter(.freezeReset, qualifier: 5), .test],
        format: format))
    var now: UInt64 = 0
    procedures.linkStarted(at: now)
    for asdu in asdus {
      now += 500_000_000
      if let header = try? ASDUHeader(asdu, format: format) {
        asdu.withUnsafeBytes {
          procedures.received(
            header, objects: UnsafeRawBufferPointer(rebasing: $0[format.headerSize...]), at: now)
        }
      }
      procedures.tick(at: now)
      let actions = procedures.takeActions()
      guard actions.count <= 100 else { throw Finding(description: "\(actions.count) actions at once") }
      for case .send(let sent) in actions where !(100...107).contains(sent.bytes[0]) || sent.bytes[0] == 105 {
        throw Finding(description: "asks with \(sent.bytes)")
      }
    }
  }
}
