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
  /// Who acts for the token's subject.
  var actor: ActorToken?
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
    var secrets = [token.secret]
    switch grant {
    case .tokenExchange:
      form.append(("subject_token", token.text))
      form.append(("subject_token_type", try token.tokenType(subjectTokenType)))
      if let (token, type) = try actor?.read() {
        form += [("actor_token", token.text), ("actor_token_type", type)]
        secrets.append(token.secret)
      }
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
        let encoded = XMLBase64.encode(Array(pair.utf8))
        headers.append(HTTPField("Authorization", "Basic \(encoded)"))
        secrets += [Secret(encoded), Secret(pair), secret]
      case .form(let secret):
        form.append(("client_id", client.id))
        form.append(("client_secret", secret.withBytes { String(decoding: $0, as: UTF8.self) }))
        secrets.append(secret)
      }
    }
    let answer = try await exchange.post(tokenURL, form: form, headers: headers)
    guard answer.isSuccess else { throw oauthRefusal(answer, .oauth, hiding: secrets) }
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
  hiding secrets: [Secret]
) -> ExchangeError {
  guard let object = answer.anyObject, let code = object["error"]?.string, isErrorCode(code) else {
    return answer.malformed("error")
  }
  return .refused(
    ExchangeRefusal(
      service: service,
      status: answer.status,
      code: code,
      message: object["error_description"]?.string,
      address: answer.address,
      hiding: secrets
    )
  )
}

/// Whether `code` is in the form of an error code: the characters of RFC 6749 §5.2, and 64 of them at most.
func isErrorCode(_ code: String) -> Bool {
  (1...64).contains(code.utf8.count)
    && code.utf8.allSatisfy { byte in
      (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }
}

extension ExchangeRefusal {
  /// The same without `secrets`, which some servers repeat in full.
  init(
    service: ExchangeService,
    status: Int,
    code: String,
    message: String?,
    address: String,
    hiding secrets: [Secret]
  ) {
    self.init(
      service: service,
      status: status,
      code: hidden(secrets, in: code),
      message: message.map { hidden(secrets, in: $0) },
      address: address
    )
  }
}

// By bytes: a mark that combines with the last character does not show the rest.
private func hidden(_ secrets: [Secret], in text: String) -> String {
  var bytes = Array(text.utf8)
  for secret in secrets {
    let pattern = secret.withBytes { Array($0) }
    guard !pattern.isEmpty else { continue }
    bytes = bytes.replacing(pattern, with: Array("<hidden>".utf8))
  }
  return String(decoding: bytes, as: UTF8.self)
}

extension SubjectToken {
  func isNot(_ wanted: Kind) -> ExchangeError {
    .tokenKind(wanted: wanted.rawValue, given: kind.rawValue)
  }
}

extension SubjectToken {
  /// What somebody said that it is, or RFC 8693 §3: a JWT, or a SAML 2.0 assertion in base64url; a whole response is neither.
  func tokenType(_ said: String?) throws(ExchangeError) -> String {
    if let said { return said }
    switch kind {
    case .jwt: return "urn:ietf:params:oauth:token-type:jwt"
    case .samlAssertion: return "urn:ietf:params:oauth:token-type:saml2"
    case .samlResponse: throw isNot(.samlAssertion)
    }
  }
}
