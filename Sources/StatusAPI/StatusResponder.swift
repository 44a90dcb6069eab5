import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore

/// Turns a request into an answer. Knows nothing of sockets.
struct StatusResponder: Sendable {
  let provider: any StatusProvider
  let logger: Logger
  let maximumBodyBytes: Int

  func response(to request: Request) async -> Response {
    guard let route = StatusRoute(path: request.uri.path) else {
      return failure(.notFound, "no such path; there is \(StatusRoute.all)")
    }
    guard request.method == .get else {
      var response = failure(.methodNotAllowed, "the status socket is read-only: use GET")
      response.headers[.allow] = "GET"
      return request.method == .head ? response.createHeadResponse() : response
    }
    // A GET has no use for a body; ConnectionGuard stops a body that comes without a declared length.
    // A length that no Int holds is too long as well.
    if let length = request.headers[.contentLength], Int(length) ?? .max > maximumBodyBytes {
      var response = failure(.contentTooLarge, "a request of the status socket has no body")
      response.headers[.connection] = "close"
      return response
    }
    return await response(to: route)
  }

  private func response(to route: StatusRoute) async -> Response {
    switch route {
    case .status: return json(await provider.report())
    case .meters: return json(MeterList(meters: await provider.meters()))
    case .deliveries: return json(DeliveryList(forwards: await provider.report().forwards))
    case .meter(let id):
      guard let meter = await provider.meter(id: id) else {
        return failure(.notFound, "no meter '\(id)' in the configuration; /v1/meters lists them")
      }
      return json(meter)
    case .station(let id):
      guard let station = await provider.station(id: id) else {
        return failure(.notFound, "no station '\(id)' in the configuration; /v1/status lists them among the buses")
      }
      return json(station)
    case .metrics:
      return text(.ok, await provider.metrics(), contentType: PrometheusText.contentType)
    case .health:
      let healthy = await provider.isHealthy()
      return text(
        healthy ? .ok : .serviceUnavailable, healthy ? "ok\n" : "degraded\n",
        contentType: "text/plain; charset=utf-8")
    }
  }

  private func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
    do {
      return answer(status, try StatusJSON.encode(value), contentType: "application/json")
    } catch {
      // Only a number that JSON cannot hold (NaN, infinite) gets here: a mistake of the provider.
      logger.error("status socket: answer cannot be written as JSON, report this as a bug: \(error)")
      return text(
        .internalServerError, "{\"error\":\"answer cannot be written as JSON\"}\n", contentType: "application/json")
    }
  }

  private func failure(_ status: HTTPResponse.Status, _ error: String) -> Response {
    json(StatusFailure(error: error), status: status)
  }

  private func text(_ status: HTTPResponse.Status, _ body: String, contentType: String) -> Response {
    answer(status, Array(body.utf8), contentType: contentType)
  }

  private func answer(_ status: HTTPResponse.Status, _ body: [UInt8], contentType: String) -> Response {
    Response(
      status: status, headers: [.contentType: contentType, .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
  }
}
