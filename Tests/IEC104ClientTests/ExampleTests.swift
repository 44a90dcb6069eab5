import Foundation
import IEC104
import IEC104Client
import NIOPosix
import Synchronization
import Testing

// MARK: docs/IEC104.md
final class Printer: StationClientDelegate {
  let client = Mutex<StationClient?>(nil)

  func received(_ asdu: UnsafeRawBufferPointer, link: Int, session: UInt64, frame: UInt64) {
    var objects: [InformationObject] = []
    if let header = try? ASDU.decode(asdu, format: .standard, into: &objects).header {
      for object in objects { print(header.commonAddress, object.address, object.value(as: header.type)) }
    }
    client.withLock { $0 }?.committed(link: link, session: session, through: frame)
  }
  func wantsCommit(link: Int, session: UInt64, through frame: UInt64) {}
  func happened(_ event: StationEvent) { print(event) }
  func clockTime() -> CP56Time2a? { nil }
}

func printStation(at host: String, port: UInt16, for duration: Duration) async throws {
  let printer = Printer()
  let settings = StationClientSettings(
    id: "substation", endpoints: [Endpoint(host: host, port: port)], commonAddresses: [47])
  let client = try StationClient(settings, group: MultiThreadedEventLoopGroup.singleton, delegate: printer)
  printer.client.withLock { $0 = client }
  client.start()
  try await Task.sleep(for: duration)
  await client.stop()
}
// MARK: end

@Suite("The example of docs/IEC104.md")
struct ExampleTests {
  @Test("is what is compiled here")
  func isCompiled() throws {
    func part(_ text: String, _ start: String, _ end: String) throws -> String {
      let from = try #require(text.range(of: start))
      let to = try #require(text.range(of: end, range: from.upperBound..<text.endIndex))
      return text[from.upperBound..<to.lowerBound].trimmingCharacters(in: .whitespacesAndNewlines)
    }
    let here = URL(filePath: #filePath).resolvingSymlinksInPath()
    let page = here.deletingLastPathComponent().appending(path: "../../docs/IEC104.md")
    let documented = try part(String(contentsOf: page, encoding: .utf8), "import Synchronization\n", "```")
    let compiled = try part(String(contentsOf: here, encoding: .utf8), "// MARK: docs/IEC104.md\n", "// MARK: end")
    #expect(documented == compiled)
  }
}
