// SPDX-License-Identifier: Apache-2.0
//
// One origin: the API at `/`, the published documents, the log's, health and metrics. Knows paths; knows no action.

import IdentityModel

/// Serves everything behind the origin.
package struct Site: RequestResponder {
  private let pipeline: Pipeline
  private let issuers: Issuers
  private let metrics: Metrics
  private let log: TransparencyLog?
  private let isReady: @Sendable () async -> Bool

  /// Serves the API through `pipeline`, documents from `issuers` and `log`; `isReady` answers `/health/ready`.
  package init(
    pipeline: Pipeline,
    issuers: Issuers,
    metrics: Metrics,
    log: TransparencyLog? = nil,
    isReady: @escaping @Sendable () async -> Bool
  ) {
    self.pipeline = pipeline
    self.issuers = issuers
    self.metrics = metrics
    self.log = log
    self.isReady = isReady
  }

  package func publishedDocument(host: String?, path: Substring) -> PublishedDocument? {
    issuers.document(host: host, path: path)
  }

  package func respond(to request: APIRequest) async -> APIResponse {
    let isRead = request.method == "GET" || request.method == "HEAD"
    switch request.path {
    case "/" where request.method == "POST" || request.method == "GET":
      return await pipeline.respond(to: request)
    case "/health/live" where isRead:
      return text(200, "live\n")
    case "/health/ready" where isRead:
      return await isReady() ? text(200, "ready\n") : text(503, "not ready\n")
    case "/metrics" where isRead:
      return text(200, metrics.exposition(), contentType: "text/plain; version=0.0.4; charset=utf-8")
    case "/", "/health/live", "/health/ready", "/metrics":
      return text(405, "method not allowed\n", allow: request.path == "/" ? "GET, POST" : "GET, HEAD")
    case let path where path.hasPrefix(logPrefix):
      if isRead, let document = await log?.document(path) { return document }
      return isRead ? text(404, "not found\n") : text(405, "method not allowed\n", allow: "GET, HEAD")
    default:
      return samlAnswer(request) ?? text(404, "not found\n")
    }
  }

  /// What the paths of SAML answer besides metadata; `nil` for other paths.
  private func samlAnswer(_ request: APIRequest) -> APIResponse? {
    let host = request.header("host")
    if issuers.isSAMLSignOn(host: host, path: request.path) {
      return text(
        501,
        "this identity provider answers no sign-in requests: it begins every sign-in itself, with an assertion from "
          + "GetOutboundFederationToken\n"
      )
    }
    if issuers.isAwaited(host: host, path: request.path) {
      return text(503, "the server is sealed and cannot sign this metadata\n")
    }
    return nil
  }
}

private func text(
  _ status: Int,
  _ body: String,
  contentType: String = "text/plain; charset=utf-8",
  allow: String? = nil
) -> APIResponse {
  var headers = [HTTPField("Content-Type", contentType), HTTPField("X-Content-Type-Options", "nosniff")]
  if let allow { headers.append(HTTPField("Allow", allow)) }
  return APIResponse(status: status, headers: headers, body: Array(body.utf8))
}
