// SPDX-License-Identifier: Apache-2.0
//
// HashiCorp Vault and OpenBao: a login with a JWT gives a token of their own. Source: Vault API, JWT/OIDC auth method,
// JWT login; Vault API, namespaces and errors.

package import FederationClient
import IdentityModel
import StrictJSON

/// A login at Vault's JWT auth method.
package struct VaultExchange: Sendable {
  /// `<address>/v1/auth/<mount>/login`.
  package let loginURL: HTTPURL
  /// The role to log in as; `nil` for the mount's default role.
  package let role: String?
  /// `X-Vault-Namespace`; `nil` for none.
  package let namespace: String?

  func trade(
    _ token: SubjectToken,
    with exchange: ExchangeClient
  ) async throws(ExchangeError) -> ExchangedCredential {
    guard token.kind == .jwt else { throw token.isNot(.jwt) }
    var writer = JSONWriter()
    writer.object { writer in
      if let role { writer.member("role", role) }
      writer.member("jwt", token.text)
    }
    var headers = [HTTPField("X-Vault-Request", "true")]
    if let namespace { headers.append(HTTPField("X-Vault-Namespace", namespace)) }
    let answer = try await exchange.post(loginURL, json: writer.bytes, headers: headers)
    guard answer.isSuccess else { throw refusal(answer, token) }
    guard let auth = try answer.object()["auth"]?.object else { throw answer.malformed("auth") }
    let secret = try answer.token("client_token", in: auth)
    // A root or orphan token without an end has a lease of 0 seconds.
    let isEndless = auth["lease_duration"]?.int64 == 0
    let expiration = try answer.end("lease_duration", in: auth)
    guard expiration != nil else { throw answer.malformed("auth/lease_duration") }
    return .token(AccessToken(secret: secret, type: "vault", expiration: isEndless ? nil : expiration))
  }

  private func refusal(_ answer: ExchangeAnswer, _ token: SubjectToken) -> ExchangeError {
    guard let errors = answer.anyObject?["errors"]?.array else { return answer.malformed("errors") }
    let words = errors.compactMap(\.string).joined(separator: "; ")
    return .refused(
      ExchangeRefusal(
        service: .vault,
        status: answer.status,
        code: "HTTP \(answer.status)",
        message: words.isEmpty ? nil : words,
        address: answer.address,
        hiding: [token.secret]
      )
    )
  }
}
