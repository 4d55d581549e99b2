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
  private let statusLists: StatusListPublication
  private let clock: WallClock
  private let isReady: @Sendable () async -> Bool

  /// Serves the API through `pipeline`, documents from `issuers`, `log` and `statusLists`, which are fresh
  /// or not by `clock`; `isReady` answers `/health/ready`.
  package init(
    pipeline: Pipeline,
    issuers: Issuers,
    metrics: Metrics,
    log: TransparencyLog? = nil,
    statusLists: StatusListPublication,
    clock: WallClock,
    isReady: @escaping @Sendable () async -> Bool
  ) {
    self.pipeline = pipeline
    self.issuers = issuers
    self.metrics = metrics
    self.log = log
    self.statusLists = statusLists
    self.clock = clock
    self.isReady = isReady
  }

  package func publishedDocument(host: String?, path: Substring) -> PublishedDocument? {
    if isWithheld(host, path) { return nil }
    return issuers.document(host: host, path: path)
      ?? statusLists.fresh(host: host, path: path, now: clock.now())
  }

  /// Whether a test withholds the key set at `path`: on a server for development alone.
  private func isWithheld(_ host: String?, _ path: Substring) -> Bool {
    guard let withheld = pipeline.house.withheldKeySets,
      let (issuerID, rest) = issuers.place(host: host, path: path)
    else { return false }
    return withheld.withholds(issuerID, rest, at: clock.now())
  }

  package func immediateAnswer(method: String, path: Substring) -> APIResponse? {
    path.utf8.elementsEqual(livePath.utf8) ? live(method) : nil
  }

  package func respond(to request: APIRequest) async -> APIResponse {
    let isRead = request.method == "GET" || request.method == "HEAD"
    switch request.path {
    case "/" where request.method == "POST" || request.method == "GET":
      return await pipeline.respond(to: request)
    case livePath[...]:
      return live(request.method)
    case "/health/ready" where isRead:
      return await isReady() ? text(200, "ready\n") : text(503, "not ready\n")
    case "/metrics" where isRead:
      return text(200, metrics.exposition(), contentType: "text/plain; version=0.0.4; charset=utf-8")
    case "/", "/health/ready", "/metrics":
      return text(405, "method not allowed\n", allow: request.path == "/" ? "GET, POST" : "GET, HEAD")
    case let path where path.hasPrefix(logPrefix):
      if isRead, let document = await log?.document(path) { return document }
      return isRead ? text(404, "not found\n") : text(405, "method not allowed\n", allow: "GET, HEAD")
    default:
      if let answer = await tokenAnswer(request) { return answer }
      if isRead, let answer = await statusAnswer(request) { return answer }
      return await issuerAnswer(request) ?? text(404, "not found\n")
    }
  }

  package func overloaded(_ request: APIRequest) -> APIResponse {
    if request.path == "/" { return pipeline.overloaded(request) }
    if request.method == "POST", tokenIssuerID(request) != nil { return pipeline.exchangeOverloaded(request) }
    metrics.count("Unknown", code: "ServiceUnavailable")
    return text(503, "too many requests are waiting\n", retryAfterSeconds: 1)
  }

  /// The issuer whose token endpoint `request` names; `nil` for other paths.
  private func tokenIssuerID(_ request: APIRequest) -> String? {
    guard let (issuerID, rest) = issuers.place(host: request.header("host"), path: request.path),
      rest.utf8.elementsEqual(Issuers.tokenPath.utf8)
    else { return nil }
    return issuerID
  }

  /// What the token endpoint of an issuer answers; `nil` for other paths.
  private func tokenAnswer(_ request: APIRequest) async -> APIResponse? {
    guard let issuerID = tokenIssuerID(request) else { return nil }
    // An issuer that is there, or of which nobody can tell: then the call says why it fails.
    let discovery = await pipeline.house.publication.document(.discovery, of: issuerID, now: clock.now())
    if case .nothing = discovery { return nil }
    guard request.method == "POST" else { return text(405, "method not allowed\n", allow: "POST") }
    return await pipeline.exchange(request, issuerID: issuerID)
  }

  /// What the paths of status lists answer that are not in memory, or not fresh; `nil` for other paths.
  private func statusAnswer(_ request: APIRequest) async -> APIResponse? {
    switch await statusLists.answer(host: request.header("host"), path: request.path, now: clock.now()) {
    case .document(let document): document.answer(to: request)
    case .unavailable: text(503, "the status list cannot be read or signed for now\n")
    case .unknown, nil: nil
    }
  }

  /// What the paths of issuers answer when what is there is not in memory; `nil` for other paths.
  private func issuerAnswer(_ request: APIRequest) async -> APIResponse? {
    guard let (issuerID, rest) = issuers.place(host: request.header("host"), path: request.path) else {
      return nil
    }
    if isWithheld(request.header("host"), request.path[...]) {
      return text(503, "this document is withheld for a test\n")
    }
    let publication = pipeline.house.publication
    let now = clock.now()
    if let name = IssuerDocument.allCases.first(where: { $0.path.utf8.elementsEqual(rest.utf8) }) {
      switch await publication.document(name, of: issuerID, now: now) {
      case .document(let document):
        return document.answer(to: request)
      case .nothing: return nil
      case .awaitsUnsealing: return text(503, "the server is sealed and cannot make this document\n")
      case .unavailable: return text(503, "this document cannot be had at the moment\n")
      }
    }
    guard rest.utf8.elementsEqual(samlSignOnPath.utf8) else { return nil }
    switch await publication.document(.samlMetadata, of: issuerID, now: now) {
    case .nothing: return nil
    case .document, .awaitsUnsealing, .unavailable:
      return text(
        501,
        "this identity provider answers no sign-in requests: it begins every sign-in itself, with an assertion from "
          + "GetOutboundFederationToken\n"
      )
    }
  }
}

extension PublishedDocument {
  /// The answer to `request`, whatever its method.
  fileprivate func answer(to request: APIRequest) -> APIResponse {
    answer(
      method: request.method,
      ifNoneMatch: request.headers.filter { $0.hasName("if-none-match") }.map(\.value)
    )
  }
}

private let livePath = "/health/live"

/// Whether the process serves: it takes nothing to say so.
private func live(_ method: String) -> APIResponse {
  method == "GET" || method == "HEAD"
    ? text(200, "live\n") : text(405, "method not allowed\n", allow: "GET, HEAD")
}

private func text(
  _ status: Int,
  _ body: String,
  contentType: String = "text/plain; charset=utf-8",
  allow: String? = nil,
  retryAfterSeconds: Int? = nil
) -> APIResponse {
  var headers = [HTTPField("Content-Type", contentType), HTTPField("X-Content-Type-Options", "nosniff")]
  if let allow { headers.append(HTTPField("Allow", allow)) }
  if let retryAfterSeconds { headers.append(HTTPField("Retry-After", String(retryAfterSeconds))) }
  return APIResponse(status: status, headers: headers, body: Array(body.utf8))
}
