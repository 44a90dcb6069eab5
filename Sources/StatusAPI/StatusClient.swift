import AsyncHTTPClient
import FoundationEssentials
import Glibc
import NIOCore
import NIOHTTP1

/// Asks the daemon at its status socket. Each question is one connection with a deadline for all of it.
public struct StatusClient: Sendable {
  /// 2,000 meters are about 1 MB.
  private static let maximumAnswerBytes = 64 * 1024 * 1024

  private let socketPath: String
  private let timeoutMilliseconds: Int64

  public init(socketPath: String, timeoutMilliseconds: Int64 = 5000) {
    self.socketPath = socketPath
    self.timeoutMilliseconds = timeoutMilliseconds
  }

  /// `GET /v1/status`.
  public func report() async throws(StatusClientError) -> StatusReport {
    try decode(StatusReport.self, try await reportJSON())
  }

  /// `GET /v1/meters/{id}`, with readings.
  public func meter(id: String) async throws(StatusClientError) -> MeterStatus {
    try decode(MeterStatus.self, try await meterJSON(id: id))
  }

  /// `GET /v1/stations/{id}`.
  public func station(id: String) async throws(StatusClientError) -> BusStatus {
    try decode(BusStatus.self, try await stationJSON(id: id))
  }

  /// The bytes of `GET /v1/status` as the daemon sent them, with fields that this client does not know.
  public func reportJSON() async throws(StatusClientError) -> [UInt8] {
    let (status, body) = try await get("/v1/status")
    guard status == 200 else { throw unexpected(status, body) }
    return body
  }

  /// The bytes of `GET /v1/meters/{id}` as the daemon sent them.
  public func meterJSON(id: String) async throws(StatusClientError) -> [UInt8] {
    try await one("/v1/meters/", id, missing: .noSuchMeter(id: id))
  }

  /// The bytes of `GET /v1/stations/{id}` as the daemon sent them.
  public func stationJSON(id: String) async throws(StatusClientError) -> [UInt8] {
    try await one("/v1/stations/", id, missing: .noSuchStation(id: id))
  }

  private func one(
    _ prefix: String, _ id: String, missing: StatusClientError
  ) async throws(StatusClientError) -> [UInt8] {
    // What is no id needs no question, and could not stand in a path.
    guard let first = id.utf8.first, Self.isAlphanumeric(first),
      id.utf8.allSatisfy({ Self.isAlphanumeric($0) || "._-".utf8.contains($0) })
    else { throw missing }
    let (status, body) = try await get(prefix + id)
    if status == 404, (try? StatusJSON.decode(StatusFailure.self, from: body)) != nil { throw missing }
    guard status == 200 else { throw unexpected(status, body) }
    return body
  }

  private func get(_ path: String) async throws(StatusClientError) -> (status: UInt, body: [UInt8]) {
    guard let url = URL(httpURLWithSocketPath: socketPath, uri: path) else {
      throw .notReachable(socketPath: socketPath, reason: "this is no path of a socket")
    }
    var configuration = HTTPClient.Configuration()
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.redirectConfiguration = .disallow
    var request = HTTPClientRequest(url: url.absoluteString)
    // The default would be the socket's path, percent-encoded.
    request.headers.replaceOrAdd(name: "host", value: "meterd")
    request.headers.replaceOrAdd(name: "connection", value: "close")
    let timeout = TimeAmount.milliseconds(timeoutMilliseconds)
    do {
      return try await HTTPClient.withHTTPClient(configuration: configuration) { client in
        let response = try await client.execute(request, timeout: timeout)
        var body = try await response.body.collect(upTo: Self.maximumAnswerBytes)
        return (response.status.code, body.readBytes(length: body.readableBytes) ?? [])
      }
    } catch {
      throw explained(error)
    }
  }

  private func explained(_ error: any Error) -> StatusClientError {
    switch error {
    case let error as IOError where error.errnoCode == ENOENT || error.errnoCode == ENOTDIR:
      .notReachable(
        socketPath: socketPath, reason: "there is no such socket; start meterd or name its socket with --socket")
    case let error as IOError where error.errnoCode == ECONNREFUSED:
      .notReachable(socketPath: socketPath, reason: "nobody listens; the daemon has ended, see its log")
    case let error as IOError where error.errnoCode == EACCES || error.errnoCode == EPERM:
      .notReachable(socketPath: socketPath, reason: "permission denied; join the socket's group or use sudo")
    case let error as HTTPClientError
    where error == .deadlineExceeded || error == .connectTimeout || error == .getConnectionFromPoolTimeout
      || error == .readTimeout:
      .notReachable(
        socketPath: socketPath,
        reason: "no answer within \(timeoutMilliseconds) ms; the daemon is overloaded or stuck, see its log")
    case SocketAddressError.unixDomainSocketPathTooLong:
      .notReachable(
        socketPath: socketPath,
        reason: "the path is longer than the \(SocketFile.maximumPathBytes) bytes that a socket's path can have")
    case is NIOTooManyBytesError:
      .badAnswer(socketPath: socketPath, reason: "more than \(Self.maximumAnswerBytes) bytes; is this meterd's socket?")
    case let error as IOError where error.errnoCode != ECONNRESET && error.errnoCode != EPIPE:
      .notReachable(socketPath: socketPath, reason: "\(error)")
    default:
      .badAnswer(socketPath: socketPath, reason: "\(error); is this meterd's socket?")
    }
  }

  private func decode<Value: Decodable>(_ type: Value.Type, _ body: [UInt8]) throws(StatusClientError) -> Value {
    do {
      return try StatusJSON.decode(type, from: body)
    } catch {
      throw .badAnswer(socketPath: socketPath, reason: "\(error); is this meterd's socket, and of the same version?")
    }
  }

  private func unexpected(_ status: UInt, _ body: [UInt8]) -> StatusClientError {
    let said = (try? StatusJSON.decode(StatusFailure.self, from: body))?.error ?? "no explanation"
    return .badAnswer(socketPath: socketPath, reason: "HTTP status \(status), \(said)")
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
  }
}
