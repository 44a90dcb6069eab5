/// Application service data units, read.
public enum ASDU {
  /// What an ASDU said of itself, and what followed its last object.
  public struct Decoded: Hashable, Sendable {
    public let header: ASDUHeader
    /// Octets behind the last object: no error, but worth a word in the log.
    public let trailingOctets: Int

    /// Objects appended.
    public var objectCount: Int { header.count }
  }

  /// Appends the objects of one ASDU.
  ///
  /// SQ = 1 is accepted on any type; addresses then count up and start again from 0 behind the largest.
  /// - Parameter objects: not cleared, so that one array may hold a batch and keep its memory.
  /// - Throws: with nothing appended, where fewer octets are there than the announced objects need, or where nobody knows the
  ///   size of the type's elements. The octets are then all there is: keep them.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, format: ASDUFormat, into objects: inout [InformationObject]
  ) throws(ASDUFault) -> Decoded {
    let header = try ASDUHeader(bytes, format: format)
    guard let elementSize = header.type.elementSize(format) else { throw .unknownSize(header.type) }
    let headerSize = format.headerSize
    let addressSize = format.objectAddressSize
    let addresses = header.isSequence ? min(1, header.count) : header.count
    let needed = headerSize + addresses * addressSize + header.count * elementSize
    guard bytes.count >= needed, let start = bytes.baseAddress else {
      throw .truncated(header.type, needed: needed, got: bytes.count)
    }
    let decoded = Decoded(header: header, trailingOctets: bytes.count - needed)
    guard header.count > 0 else { return decoded }
    let layout = ObjectLayout(
      start: start, headerSize: headerSize, addressSize: addressSize, elementSize: elementSize,
      timeTag: header.type.timeTag, isSequence: header.isSequence, count: header.count)
    layout.append(header.type, to: &objects)
    return decoded
  }

  /// The same of an array; see `decode(_:format:into:)`.
  public static func decode(
    _ bytes: [UInt8], format: ASDUFormat = .standard, into objects: inout [InformationObject]
  ) throws(ASDUFault) -> Decoded {
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(ASDUFault) in try decode(bytes, format: format, into: &objects) }
    }
    return try result.get()
  }

  /// The octets of one object after its address; none where the ASDU has no such object.
  public static func elementOctets(of index: Int, in bytes: [UInt8], _ header: ASDUHeader, format: ASDUFormat)
    -> [UInt8]
  {
    guard let size = header.type.elementSize(format) else { return [] }
    let address = format.objectAddressSize
    let first = format.headerSize + address + index * (header.isSequence ? size : address + size)
    return first + size <= bytes.count ? Array(bytes[first..<(first + size)]) : []
  }
}
