// SPDX-License-Identifier: Apache-2.0
//
// The clouds, each in its own way: Entra takes the token for the client's secret, Google trades it and then takes on a
// service account, AWS gives a session of a role. Source: Microsoft identity platform, client credentials with a
// federated credential; Google Security Token Service v1 token, IAM Credentials v1 generateAccessToken; AWS STS API.

package import FederationClient
import IdentityModel
import StrictJSON

/// Microsoft Entra ID: the client credentials grant with the token as the client's assertion.
package struct EntraExchange: Sendable {
  /// The audience that a federated credential has unless it was changed.
  package static let audience = "api://AzureADTokenExchange"

  /// `<authority>/<tenant>/oauth2/v2.0/token`.
  package let tokenURL: HTTPURL
  /// The application's or managed identity's id.
  package let clientID: String
  /// What access is asked for: `https://management.azure.com/.default`.
  package let scopes: [String]

  func trade(
    _ token: SubjectToken,
    with exchange: ExchangeClient
  ) async throws(ExchangeError) -> ExchangedCredential {
    guard token.kind == .jwt else { throw token.isNot(.jwt) }
    let form = [
      (name: "grant_type", value: "client_credentials"),
      ("client_id", clientID),
      ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
      ("client_assertion", token.text),
      ("scope", scopes.joined(separator: " ")),
    ]
    let answer = try await exchange.post(tokenURL, form: form)
    guard answer.isSuccess else { throw refusal(answer, token) }
    return .token(try oauthToken(answer))
  }

  /// OAuth's code says little; Entra's number says what is wrong.
  private func refusal(_ answer: ExchangeAnswer, _ token: SubjectToken) -> ExchangeError {
    let error = oauthRefusal(answer, .entra, hiding: [token.secret])
    guard case .refused(let refusal) = error, let object = answer.anyObject,
      let number = object["error_codes"]?.array?.first?.int64
    else { return error }
    // Further lines hold trace numbers and the time, of use to nobody here.
    let firstLine = object["error_description"]?.string?.prefix { !$0.isNewline }
    let words = firstLine.map { String($0).split(separator: " Trace ID: ").first ?? "" }
    return .refused(
      ExchangeRefusal(
        service: .entra,
        status: refusal.status,
        code: "AADSTS\(number)",
        message: words.map { "\(refusal.code): \($0)" } ?? refusal.code,
        address: answer.address,
        hiding: [token.secret]
      )
    )
  }
}

/// Google Cloud: its Security Token Service, then a service account where one is named.
package struct GoogleExchange: Sendable {
  /// What access is asked for unless scopes are named.
  package static let cloudPlatform = "https://www.googleapis.com/auth/cloud-platform"

  /// `//iam.googleapis.com/projects/N/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`.
  package let provider: String
  /// The token endpoint of the Security Token Service.
  package let tokenURL: HTTPURL
  /// `…/serviceAccounts/EMAIL:generateAccessToken`; `nil` to act as the pool's own principal.
  package let impersonationURL: HTTPURL?
  /// The scopes of what is given in the end.
  package let scopes: [String]
  /// How long the service account's token is to live; `nil` leaves it to Google, an hour.
  package let lifetimeSeconds: Int?

  /// The audience that the token needs: the provider's name as a URL, as `exeat trust google` has it allowed there and here.
  ///
  /// A provider without allowed audiences takes its name with `https:` and without.
  package var audience: String { "https:\(provider)" }

  func trade(
    _ token: SubjectToken,
    with exchange: ExchangeClient
  ) async throws(ExchangeError) -> ExchangedCredential {
    guard token.kind == .jwt else { throw token.isNot(.jwt) }
    let form = [
      (name: "grant_type", value: OAuthExchange.Grant.tokenExchange.rawValue),
      ("audience", provider),
      ("scope", impersonationURL == nil ? scopes.joined(separator: " ") : Self.cloudPlatform),
      ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
      ("subject_token", token.text),
      ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
    ]
    let answer = try await exchange.post(tokenURL, form: form)
    guard answer.isSuccess else { throw oauthRefusal(answer, .google, hiding: [token.secret]) }
    let federated = try oauthToken(answer)
    guard let impersonationURL else { return .token(federated) }
    return .token(try await impersonate(impersonationURL, federated, token, exchange))
  }

  private func impersonate(
    _ url: HTTPURL,
    _ federated: AccessToken,
    _ token: SubjectToken,
    _ exchange: ExchangeClient
  ) async throws(ExchangeError) -> AccessToken {
    var writer = JSONWriter()
    writer.object { writer in
      writer.name("scope")
      writer.array { writer in for scope in scopes { writer.string(scope) } }
      if let lifetimeSeconds { writer.member("lifetime", "\(lifetimeSeconds)s") }
    }
    let bearer = federated.secret.withBytes { "Bearer \(String(decoding: $0, as: UTF8.self))" }
    let answer = try await exchange.post(
      url,
      json: writer.bytes,
      headers: [HTTPField("Authorization", bearer)]
    )
    guard answer.isSuccess else { throw refusal(answer, hiding: [federated.secret, token.secret]) }
    let object = try answer.object()
    let secret = try answer.token("accessToken", in: object)
    guard let expiration = Instant(rfc3339: try answer.text("expireTime", in: object)) else {
      throw answer.malformed("expireTime")
    }
    return AccessToken(secret: secret, type: "Bearer", expiration: expiration)
  }

  /// `{"error": {"code": 403, "message": …, "status": "PERMISSION_DENIED"}}`.
  ///
  /// Source: google.rpc.Status over HTTP.
  private func refusal(_ answer: ExchangeAnswer, hiding secrets: [Secret]) -> ExchangeError {
    guard let error = answer.anyObject?["error"]?.object, let status = error["status"]?.string,
      isErrorCode(status)
    else {
      return answer.malformed("error")
    }
    return .refused(
      ExchangeRefusal(
        service: .google,
        status: answer.status,
        code: status,
        message: error["message"]?.string,
        address: answer.address,
        hiding: secrets
      )
    )
  }
}

/// AWS: a session of a role, for a JWT or for a SAML response.
package struct AWSExchange: Sendable {
  /// The STS endpoint.
  package let endpoint: HTTPURL
  /// The role.
  package let roleARN: String
  /// The SAML provider in the role's account; `nil` for web identity.
  package let principalARN: String?
  /// The name of the session; web identity alone.
  package let sessionName: String
  /// How long the session is to last; `nil` leaves it to the server.
  package let durationSeconds: Int?

  func trade(
    _ token: SubjectToken,
    with exchange: ExchangeClient
  ) async throws(ExchangeError) -> ExchangedCredential {
    let wanted: SubjectToken.Kind = principalARN == nil ? .jwt : .samlResponse
    guard token.kind == wanted else { throw token.isNot(wanted) }
    // The calls are not signed: the region stands in no signature.
    guard let region = Region("us-east-1") else { throw .endpoint(setting: "region", reason: "none") }
    let sts = AWSQueryClient(
      endpoint: endpoint,
      region: region,
      service: .sts,
      http: exchange.http,
      clock: exchange.now,
      retry: exchange.retry
    )
    do throws(STSClientError) {
      let given: RoleCredential
      if let principalARN {
        given = try await sts.assumeRole(
          roleARN,
          principalARN,
          durationSeconds: durationSeconds,
          samlResponse: token.text
        )
      } else {
        let session = AWSQueryClient.RoleSession(name: sessionName, durationSeconds: durationSeconds)
        given = try await sts.assumeRole(roleARN, session, webIdentityToken: token.text)
      }
      return .aws(given.credential, given.expiration)
    } catch {
      throw translated(error, token)
    }
  }

  private func translated(_ error: STSClientError, _ token: SubjectToken) -> ExchangeError {
    switch error {
    case .http(let error, let address):
      return .http(error, address: address)
    case .refused(let code, let message, let status, _):
      guard isErrorCode(code) else {
        return .malformedAnswer(status: status, what: "an error of AWS STS", address: endpoint.address)
      }
      return .refused(
        ExchangeRefusal(
          service: .aws,
          status: status,
          code: code,
          message: message,
          address: endpoint.address,
          hiding: [token.secret]
        )
      )
    case .notAWSQuery(let status, _):
      guard !(300..<400).contains(status) else {
        return .redirected(status: status, address: endpoint.address)
      }
      return .malformedAnswer(status: status, what: "an answer of AWS STS", address: endpoint.address)
    case .malformedElement(let path, _):
      return .malformedAnswer(status: 200, what: path, address: endpoint.address)
    case .unusableCredential:
      return .malformedAnswer(status: 200, what: "Credentials", address: endpoint.address)
    }
  }
}
