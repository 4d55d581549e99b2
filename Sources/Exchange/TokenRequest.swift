// SPDX-License-Identifier: Apache-2.0
//
// How a token is asked for: by its audience, or by the name of a federation config. Refuses to know what becomes of it.
// Source: AWS STS API, GetWebIdentityToken; docs/actions/GetOutboundFederationToken.md.

package import FederationClient
package import IdentityModel
package import SigV4

/// A token to ask for.
package enum TokenRequest: Hashable, Sendable {
  /// `sts:GetWebIdentityToken`.
  case audiences([String], algorithm: String, durationSeconds: Int?, tags: [Tag])
  /// `iam:GetOutboundFederationToken`.
  case federationConfig(String, durationSeconds: Int?)

  /// Which endpoint is asked.
  package var service: ServiceName {
    switch self {
    case .audiences: .sts
    case .federationConfig: .iam
    }
  }

  /// Asks for the token.
  ///
  /// - Throws: `STSClientError`; the limits are the server's to check, and its message tells.
  package func ask(
    _ query: AWSQueryClient,
    _ credential: SigningCredential
  ) async throws(STSClientError) -> (token: SubjectToken, expiration: Instant) {
    let text: String
    let expiration: Instant
    let element: String
    switch self {
    case .audiences(let audiences, let algorithm, let durationSeconds, let tags):
      element = "WebIdentityToken"
      (text, expiration) = try await STSClient(query, credential: credential).getWebIdentityToken(
        audiences: audiences,
        algorithm: algorithm,
        durationSeconds: durationSeconds,
        tags: tags
      )
    case .federationConfig(let name, let durationSeconds):
      element = "Token"
      let token = try await FederationConfigClient(query, credential: credential)
        .token(name, durationSeconds: durationSeconds)
      (text, expiration) = (token.token, token.expiration)
    }
    guard let token = try? SubjectToken(Array(text.utf8)) else {
      throw .malformedElement(element, requestID: nil)
    }
    return (token, expiration)
  }
}
