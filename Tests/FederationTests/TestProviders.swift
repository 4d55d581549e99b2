// SPDX-License-Identifier: Apache-2.0
//
// Identity providers of a test: real keys of the house, tokens signed with them, and registrations put straight into the
// store. Only the network between is left out.

import AuditTrail
import Federation
import IdentityModel
import StoreSQLite
import StrictJSON
import Synchronization
import Testing
import TokenFormats

/// The providers that a test's house can ask, by issuer.
final class TestProviders: IdentityProviderKeys {
  private let sets = Mutex<[String: [UInt8]]>([:])
  private let asked = Mutex(0)

  /// How often a provider was asked.
  var count: Int { asked.withLock { $0 } }

  func set(_ issuer: String, _ json: [UInt8]) { sets.withLock { $0[issuer] = json } }

  func keys(
    of issuer: String,
    holding keyID: String?,
    now: Instant
  ) async throws(IdentityProviderError) -> ProviderKeySet {
    asked.withLock { $0 += 1 }
    guard let json = sets.withLock({ $0[issuer] }) else { throw .unreachable("no such provider") }
    do {
      return try ProviderKeySet(json: json)
    } catch {
      throw .unusable("\(error)")
    }
  }
}

extension TestServer {
  static let cluster = "oidc.test/cluster"
  static let clusterARN = "arn:aws:iam::123456789012:oidc-provider/oidc.test/cluster"

  /// Makes the provider `https://` and `name` known to the house and registers it; answers its key.
  func registerProvider(
    _ name: String = TestServer.cluster,
    clientIDs: [String] = ["sts.amazonaws.com"],
    isKnown: Bool = true,
    account: AccountID? = TestServer.account
  ) async throws -> SealedSigningKey {
    let account = try #require(account)
    let key = try await house.signer.makeKey(.es384, for: account)
    if isKnown { providers.set("https://\(name)", JWKSet.render(keys: [key.publicKey])) }
    var writer = JSONWriter()
    writer.value(
      .object(
        JSONObject([
          .init("account", .string(account.description)), .init("url", .string(name)),
          .init("clientIDs", .array(clientIDs.map { .string($0) })), .init("thumbprints", .array([])),
          .init("tags", .array([])), .init("createDate", .number(JSONNumber(clock.now.milliseconds))),
        ])
      )
    )
    let record = RecordKey(OIDCProviderRecord.kind, OIDCProviderRecord.id(account, name))
    let old = try await store.record(at: record)
    try await house.directory.commit(
      Change([
        .put(
          record,
          account: account,
          body: writer.bytes,
          old.map { .revision($0.revision) } ?? .absent
        )
      ]),
      of: account,
      recording: AuditRecord(
        operatorEvent: "PrepareTest",
        account: account,
        now: clock.now,
        entropy: .system
      )
    )
    return key
  }

  /// A token of the provider `name`; `more` are further claims, each with a comma before it.
  func providerToken(
    _ key: SealedSigningKey,
    name: String = TestServer.cluster,
    subject: String = "system:serviceaccount:ns:app",
    audience: String = "sts.amazonaws.com",
    _ more: String = ""
  ) async throws -> String {
    let now = clock.now.seconds
    let payload = """
      {"iss":"https://\(name)","sub":"\(subject)","aud":["\(audience)"],"iat":\(now),"exp":\(now + 3600)\(more)}
      """
    return try await house.tokenIssuer.issue(payload: Array(payload.utf8), with: key)
  }

  /// Calls AssumeRoleWithWebIdentity as a stock client does: unsigned.
  func assumeWithToken(
    _ role: String,
    _ token: String,
    session: String = "app-1",
    _ more: [(String, String)] = [],
    headers: [HTTPField] = []
  ) async -> Answer {
    let pairs =
      [
        ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"), ("RoleArn", role),
        ("RoleSessionName", session), ("WebIdentityToken", token),
      ] + more
    let response = await site.respond(
      to: APIRequest(
        method: "POST",
        target: "/",
        headers: [
          HTTPField("Host", "sts.example.test"),
          HTTPField("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
        ] + headers,
        body: Array(pairs.map { "\(encoded($0.0))=\(encoded($0.1))" }.joined(separator: "&").utf8),
        sourceIPAddress: "192.0.2.7",
        tls: nil
      )
    )
    return Answer(status: response.status, text: String(decoding: response.body, as: UTF8.self))
  }
}

/// A trust policy for tokens of `provider`.
func providerTrust(
  _ condition: String = "",
  actions: String = #""sts:AssumeRoleWithWebIdentity""#,
  provider: String = TestServer.clusterARN
) -> String {
  """
  {"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"\(provider)"},
  "Action":[\(actions)]\(condition.isEmpty ? "" : ",\"Condition\":{\(condition)}")}}
  """
}

/// The claims of `token`, which nobody verifies here.
func payloadOfToken(_ token: String) throws -> JSONObject {
  let json = try #require(Base64URL.decode(token.split(separator: ".")[1]))
  return try #require(try JSONReader.read(json).object)
}
