/// Read Device Identification: function 43, MEI type 14.
///
/// Source: MODBUS Application Protocol Specification V1.1b3, clause 6.21.
public enum DeviceIdentification {
  static let functionCode: UInt8 = 43
  static let meiType: UInt8 = 14

  public struct Request: Sendable, Hashable {
    /// Which objects: 1 basic (mandatory), 2 regular, 3 extended.
    public let category: UInt8
    /// The first object of the reply.
    public let objectID: UInt8

    public init(category: UInt8 = 1, objectID: UInt8 = 0) {
      self.category = category
      self.objectID = objectID
    }

    func appendPDU(to bytes: inout [UInt8]) {
      bytes.append(contentsOf: [functionCode, meiType, category, objectID])
    }
  }

  /// One reply: some of the objects, and where to go on.
  public struct Page: Sendable, Hashable {
    /// Text by object id: 0 vendor, 1 product code, 2 revision, 3 vendor URL, 4 product name, 5 model name.
    public let objects: [UInt8: String]
    /// The object to ask for next; nil where this was the last page.
    public let nextObjectID: UInt8?

    /// - Parameter data: what `ReadResult.data` carries for an identification.
    /// - Returns: nil where the lengths in it do not add up.
    public init?(data: [UInt8]) {
      guard data.count >= 5 else { return nil }
      var objects: [UInt8: String] = [:]
      var at = 5
      for _ in 0..<data[4] {
        guard at + 2 <= data.count, at + 2 + Int(data[at + 1]) <= data.count else { return nil }
        let end = at + 2 + Int(data[at + 1])
        objects[data[at]] = DeviceIdentification.text(data[(at + 2)..<end])
        at = end
      }
      guard at == data.count else { return nil }
      self.objects = objects
      nextObjectID = data[2] == 0xFF ? data[3] : nil
    }
  }

  /// Devices send anything: what cannot be printed becomes a dot.
  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    var printable = bytes.map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: ".") }[...]
    let padding = [UInt8(ascii: "."), UInt8(ascii: " ")]
    while let last = printable.last, padding.contains(last) { printable.removeLast() }
    while let first = printable.first, padding.contains(first) { printable.removeFirst() }
    return String(decoding: printable, as: UTF8.self)
  }

  /// Function, MEI type, category, conformity, more follows, next object, number of objects, then id, length and text each.
  static func replyLength(of pdu: some RandomAccessCollection<UInt8>) -> ReplyLength {
    func byte(_ place: Int) -> UInt8? { place < pdu.count ? pdu[pdu.index(pdu.startIndex, offsetBy: place)] : nil }
    if let type = byte(1), type != meiType { return .impossible }
    guard let count = byte(6) else { return .unknown }
    var length = 7
    for _ in 0..<count {
      guard let size = byte(length + 1) else { return .unknown }
      length += 2 + Int(size)
      if length > 253 { return .impossible }
    }
    return .complete(length)
  }
}
