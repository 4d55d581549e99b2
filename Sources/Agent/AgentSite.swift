// SPDX-License-Identifier: Apache-2.0
//
// What the agent answers on loopback: credentials for the AWS SDKs in two forms, and how it fares. Every request must
// name this machine as its host, so that a page whose name was bound to 127.0.0.1 gets nothing; what went through a
// proxy gets no metadata. Source: AWS SDKs and Tools Reference Guide, container credential provider; Amazon EC2 User
// Guide, IMDSv2.

package import Federation
import FederationClient
package import IdentityModel
import StrictJSON
import TokenFormats

/// Answers on loopback.
package struct AgentSite: RequestResponder {
  /// The path of the container credentials.
  package static let credentialsPath = "/credentials"

  private static let tokenPath = "/latest/api/token"
  private static let rolesPath = "/latest/meta-data/iam/security-credentials"

  /// What must stand in `Authorization` to get credentials: 43 characters of base64url.
  package let authorizationToken: Secret
  private let plan: CredentialsPlan?
  private let credentials: CredentialKeeper?
  private let status: AgentStatus
  private let tokens: MetadataTokens
  private let now: @Sendable () -> Instant

  /// Makes the site.
  ///
  /// - Parameters:
  ///   - plan: what is said of credentials; `nil` when none are handed out.
  ///   - credentials: where they are.
  ///   - status: how the agent fares.
  ///   - entropy: for tokens.
  ///   - now: the wall clock.
  package init(
    plan: CredentialsPlan?,
    credentials: CredentialKeeper?,
    status: AgentStatus,
    entropy: Entropy,
    now: @escaping @Sendable () -> Instant
  ) {
    self.plan = plan
    self.credentials = credentials
    self.status = status
    self.now = now
    tokens = MetadataTokens(entropy: entropy)
    authorizationToken = Secret(Base64URL.encode(entropy.octets(32)))
  }

  package func publishedDocument(host: String?, path: Substring) -> PublishedDocument? { nil }

  package func respond(to request: APIRequest) async -> APIResponse {
    // SECURITY: a page on the internet can make a browser ask 127.0.0.1, but cannot choose the Host of its request.
    guard let host = request.value("host"), isThisMachine(host) else {
      return problem(403, "another host was asked")
    }
    let path = String(request.path)
    switch path {
    case "/health":
      guard request.method == "GET" else { return problem(405, "GET alone") }
      let now = now()
      var writer = JSONWriter(isOneLine: true)
      writer.value(status.report(now))
      return json(status.isAlive(now) ? 200 : 503, writer.bytes)
    case Self.credentialsPath where credentials != nil:
      return containerCredentials(request)
    case _ where plan?.servesMetadata == true && path.utf8.starts(with: "/latest/".utf8):
      return metadata(request, path)
    default:
      return problem(404, "nothing is here")
    }
  }

  private func containerCredentials(_ request: APIRequest) -> APIResponse {
    guard request.method == "GET" else { return problem(405, "GET alone") }
    let presented = request.headers.filter { $0.hasName("authorization") }
    guard presented.count == 1, Secret(presented[0].value) == authorizationToken else {
      return problem(401, "the authorization token is another")
    }
    guard let document = credentials?.document(isMetadata: false, now: now()) else {
      return problem(503, "no credential lives")
    }
    return json(200, document)
  }

  private func metadata(_ request: APIRequest, _ path: String) -> APIResponse {
    guard request.value("x-forwarded-for") == nil else { return plain(403, "") }
    if path == Self.tokenPath {
      guard request.method == "PUT" else { return plain(405, "") }
      guard let text = request.value("x-aws-ec2-metadata-token-ttl-seconds"), let seconds = Int(text),
        (1...MetadataTokens.longestLife).contains(seconds)
      else { return plain(400, "") }
      let token = tokens.make(seconds: seconds, now: now())
      return plain(200, token, [HTTPField("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", String(seconds))])
    }
    guard request.method == "GET" else { return plain(405, "") }
    guard let token = request.value("x-aws-ec2-metadata-token"), tokens.isLive(token, now: now()) else {
      return plain(401, "")
    }
    let name = plan?.roleName ?? ""
    switch path {
    case Self.rolesPath, Self.rolesPath + "/":
      return plain(200, name)
    case "\(Self.rolesPath)/\(name)":
      guard let document = credentials?.document(isMetadata: true, now: now()) else { return plain(503, "") }
      return json(200, document)
    default:
      return plain(404, "")
    }
  }

  private func json(_ status: Int, _ body: [UInt8]) -> APIResponse {
    APIResponse(
      status: status,
      headers: [HTTPField("Content-Type", "application/json"), HTTPField("Cache-Control", "no-store")],
      body: body
    )
  }

  private func plain(_ status: Int, _ text: String, _ headers: [HTTPField] = []) -> APIResponse {
    let common = [HTTPField("Content-Type", "text/plain"), HTTPField("Cache-Control", "no-store")]
    return APIResponse(status: status, headers: common + headers, body: Array(text.utf8))
  }

  /// As AWS SDKs read an error of a container endpoint.
  private func problem(_ status: Int, _ message: String) -> APIResponse {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("code", String(status))
      writer.member("message", message)
    }
    return json(status, writer.bytes)
  }
}

extension APIRequest {
  /// The value of the first header line `name`, in lower case; `nil` when there is none.
  fileprivate func value(_ name: String) -> String? { headers.first { $0.hasName(name) }?.value }
}

/// `localhost` or an address of loopback, with or without a port.
private func isThisMachine(_ host: String) -> Bool {
  guard let url = try? HTTPURL("http://\(host)"), url.path == "/", url.query == nil else { return false }
  return url.host.utf8.elementsEqual("localhost".utf8) || IPAddress(url.host)?.reach == .loopback
}
