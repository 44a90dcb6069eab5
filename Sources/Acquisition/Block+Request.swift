import Metering
import ModbusProtocol

extension Block {
  init(_ request: ReadRequest, _ outcome: Outcome, _ bytes: [UInt8]) {
    self.init(
      table: request.function.table, address: request.address, count: request.count, outcome: outcome, bytes: bytes)
  }

  /// What a request and its result are in the archive.
  public init(_ request: ReadRequest, _ result: ReadResult) {
    switch result {
    case .data(let bytes): self.init(request, .ok, bytes)
    case .exception(let code): self.init(request, .exception(code), [])
    case .failed(.timeout): self.init(request, .timeout, [])
    case .failed(.crc(let bytes)): self.init(request, .crc, Array(bytes.prefix(260)))
    case .failed(.malformed(let bytes)): self.init(request, .malformed, Array(bytes.prefix(260)))
    case .failed(.link): self.init(request, .linkDown, [])
    case .failed(.held), .failed(.stopped): self.init(request, .notAsked, [])
    }
  }
}
