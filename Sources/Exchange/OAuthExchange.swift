// SPDX-License-Identifier: Apache-2.0
//
// The token endpoint of any authorization server: token exchange, and the grants that take a JWT or a SAML assertion
// for what they are. Source: RFC 8693 §2; RFC 7523 §2.1; RFC 7522 §2.1; RFC 6749 §2.3.1, §5; RFC 8707.

package import FederationClient
package import IdentityModel
import StrictJSON
import TokenFormats

/// How a client says who it is at a token endpoint.
package enum OAuthClientAuthentication: Hashable, Sendable {
  /// `client_id` alone.
  case identified
  /// HTTP Basic with the client's secret.
  case basic(Secret)
  /// `client_secret` in the form.
  case form(Secret)

  package func hash(into hasher: inout Hasher) {
    switch self {
    case .identified: hasher.combine(0)
    case .basic: hasher.combine(1)
    case .form: hasher.combine(2)
    }
  }
}

/// A trade at a token endpoint.
package struct OAuthExchange: Sendable {
  /// What the token is to the server.
  package enum Grant: String, Hashable, Sendable {
    /// RFC 8693.
    case tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
    /// RFC 7523.
    case jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    /// RFC 7522.
    case samlBearer = "urn:ietf:params:oauth:grant-type:saml2-bearer"
  }

  /// The token endpoint.
  package let tokenURL: HTTPURL
  /// The grant.
  package let grant: Grant
  /// `audience`, each a parameter of its own.
  package var audiences: [String] = []
  /// `resource`, each a parameter of its own.
  package var resources: [String] = []
  /// `scope`, joined with spaces.
  package var scopes: [String] = []
  /// `requested_token_type`.
  package var requestedTokenType: String?
  /// `subject_token_type`; `nil` for the one of the token's kind.
  package var subjectTokenType: String?
  /// `client_id` and how it is proved.
  package var client: (id: String, authentication: OAuthClientAuthentication)?

  /// Makes a trade with nothing but the endpoint and the grant.
  package init(tokenURL: HTTPURL, grant: Grant) {
    self.tokenURL = tokenURL
    self.grant = grant
  }

  func trade(
    _ token: SubjectToken,
    with exchange: ExchangeClient
  ) async throws(ExchangeError) -> ExchangedCredential {
    var form = [(name: "grant_type", value: grant.rawValue)]
    switch grant {
    case .tokenExchange:
      form.append(("subject_token", token.text))
      form.append(("subject_token_type", subjectTokenType ?? token.kind.tokenType))
      if let requestedTokenType { form.append(("requested_token_type", requestedTokenType)) }
    case .jwtBearer:
      guard token.kind == .jwt else { throw token.isNot(.jwt) }
      form.append(("assertion", token.text))
    case .samlBearer:
      guard token.kind == .samlAssertion else { throw token.isNot(.samlAssertion) }
      form.append(("assertion", token.text))
    }
    form += audiences.map { ("audience", $0) } + resources.map { ("resource", $0) }
    if !scopes.isEmpty { form.append(("scope", scopes.joined(separator: " "))) }
    var headers: [HTTPField] = []
    if let client {
      switch client.authentication {
      case .identified:
        form.append(("client_id", client.id))
      case .basic(let secret):
        // RFC 6749 §2.3.1: both are form-encoded before they are joined.
        let pair = secret.withBytes { bytes in
          "\(percentEncoded(client.id)):\(percentEncoded(String(decoding: bytes, as: UTF8.self)))"
        }
        headers.append(HTTPField("Authorization", "Basic \(XMLBase64.encode(Array(pair.utf8)))"))
      case .form(let secret):
        form.append(("client_id", client.id))
        form.append(("client_secret", secret.withBytes { String(decoding: $0, as: UTF8.self) }))
      }
    }
    let answer = try await exchange.post(tokenURL, form: form, headers: headers)
    guard answer.isSuccess else { throw oauthRefusal(answer, .oauth, hiding: token) }
    return .token(try oauthToken(answer))
  }
}

/// RFC 6749 §5.1, RFC 8693 §2.2.1.
func oauthToken(_ answer: ExchangeAnswer) throws(ExchangeError) -> AccessToken {
  let object = try answer.object()
  return AccessToken(
    secret: try answer.token("access_token", in: object),
    type: try answer.text("token_type", in: object),
    expiration: try answer.end("expires_in", in: object),
    scope: try answer.optionalText("scope", in: object),
    issuedTokenType: try answer.optionalText("issued_token_type", in: object)
  )
}

/// RFC 6749 §5.2.
func oauthRefusal(
  _ answer: ExchangeAnswer,
  _ service: ExchangeService,
  hiding token: SubjectToken
) -> ExchangeError {
  guard let object = answer.anyObject, let code = object["error"]?.string, !code.isEmpty else {
    return answer.malformed("an OAuth error")
  }
  return .refused(
    ExchangeRefusal(
      service: service,
      status: answer.status,
      code: code,
      message: token.hidden(in: object["error_description"]?.string)
    )
  )
}

extension SubjectToken {
  /// `message` without this token, which some servers repeat in full.
  func hidden(in message: String?) -> String? {
    message?.replacing(text, with: "<token>")
  }

  func isNot(_ wanted: Kind) -> ExchangeError {
    .tokenKind(wanted: wanted.rawValue, given: kind.rawValue)
  }
}

extension SubjectToken.Kind {
  /// RFC 8693 §3.
  fileprivate var tokenType: String {
    switch self {
    case .jwt: "urn:ietf:params:oauth:token-type:jwt"
    case .samlResponse, .samlAssertion: "urn:ietf:params:oauth:token-type:saml2"
    }
  }
}
