// SPDX-License-Identifier: Apache-2.0
//
// The STS calls that a client makes: ask for a token, ask who one is, take on a role. Knows the parameters and the
// elements of the answers; refuses to judge either: the server does.
// Source: AWS STS API Reference; botocore sts/2011-06-15; contract §1.2, §1.3.

package import IdentityModel
package import SigV4

/// Who a caller is.
///
/// Source: AWS STS API, GetCallerIdentity.
package struct CallerIdentity: Hashable, Sendable {
  /// `Account`: 12 digits.
  package let account: String
  /// `Arn`.
  package let arn: String
  /// `UserId`.
  package let userID: String
}

/// Calls STS with one credential.
package struct STSClient: Sendable {
  private let client: AWSQueryClient
  private let credential: SigningCredential

  /// Makes a client that signs with `credential`.
  package init(_ client: AWSQueryClient, credential: SigningCredential) {
    self.client = client
    self.credential = credential
  }

  /// Asks for a token.
  ///
  /// - Parameters:
  ///   - audiences: 1–10 audiences, in the order in which `aud` is to hold them.
  ///   - algorithm: `ES384` or `RS256`.
  ///   - durationSeconds: 60–3600; `nil` leaves the choice to the server (300).
  ///   - tags: at most 50.
  /// - Returns: the token in compact form and its end.
  /// - Throws: `STSClientError`; the limits are the server's to check, and its message tells.
  package func getWebIdentityToken(
    audiences: [String],
    algorithm: String,
    durationSeconds: Int?,
    tags: [Tag]
  ) async throws(STSClientError) -> (token: String, expiration: Instant) {
    var parameters = audiences.enumerated().map { ("Audience.member.\($0.offset + 1)", $0.element) }
    parameters.append(("SigningAlgorithm", algorithm))
    if let durationSeconds { parameters.append(("DurationSeconds", String(durationSeconds))) }
    for (index, tag) in tags.enumerated() {
      parameters.append(("Tags.member.\(index + 1).Key", tag.key))
      parameters.append(("Tags.member.\(index + 1).Value", tag.value))
    }
    let answer = try await client.call("GetWebIdentityToken", parameters, signedBy: credential)
    let result = ActionResult(answer: answer, action: "GetWebIdentityToken")
    let token = try result.element("WebIdentityToken")
    // The token goes to standard output and into headers of others: the compact form's alphabet or nothing.
    guard token.utf8.allSatisfy(isCompactSerialization) else { throw result.malformed("WebIdentityToken") }
    return (token, try result.instant("Expiration"))
  }

  /// Asks who the credential belongs to.
  ///
  /// - Throws: `STSClientError`.
  package func getCallerIdentity() async throws(STSClientError) -> CallerIdentity {
    let answer = try await client.call("GetCallerIdentity", [], signedBy: credential)
    let result = ActionResult(answer: answer, action: "GetCallerIdentity")
    return CallerIdentity(
      account: printable(try result.element("Account")),
      arn: printable(try result.element("Arn")),
      userID: printable(try result.element("UserId"))
    )
  }
}

/// A credential with an end, as STS gives it.
package typealias RoleCredential = (credential: SigningCredential, expiration: Instant)

extension AWSQueryClient {
  /// What a role is taken on with, besides its ARN.
  package struct RoleSession: Sendable {
    /// `RoleSessionName`.
    package let name: String
    /// `DurationSeconds`; `nil` leaves the choice to the server.
    package var durationSeconds: Int?
    /// `ExternalId`.
    package var externalID: String?

    /// Gathers the parts.
    package init(name: String, durationSeconds: Int? = nil, externalID: String? = nil) {
      self.name = name
      self.durationSeconds = durationSeconds
      self.externalID = externalID
    }
  }

  /// `AssumeRole`, signed by `credential`; throws `STSClientError`.
  package func assumeRole(
    _ roleARN: String,
    _ session: RoleSession,
    signedBy credential: SigningCredential
  ) async throws(STSClientError) -> RoleCredential {
    var parameters = [("RoleArn", roleARN), ("RoleSessionName", session.name)]
    if let seconds = session.durationSeconds { parameters.append(("DurationSeconds", String(seconds))) }
    if let id = session.externalID { parameters.append(("ExternalId", id)) }
    let answer = try await call("AssumeRole", parameters, signedBy: credential)
    return try ActionResult(answer: answer, action: "AssumeRole").credentials()
  }

  /// `AssumeRoleWithWebIdentity`, which is not signed: the token is the proof; throws `STSClientError`.
  package func assumeRole(
    _ roleARN: String,
    _ session: RoleSession,
    webIdentityToken token: String
  ) async throws(STSClientError) -> RoleCredential {
    var parameters = [("RoleArn", roleARN), ("RoleSessionName", session.name), ("WebIdentityToken", token)]
    if let seconds = session.durationSeconds { parameters.append(("DurationSeconds", String(seconds))) }
    let answer = try await call("AssumeRoleWithWebIdentity", parameters, signedBy: nil)
    return try ActionResult(answer: answer, action: "AssumeRoleWithWebIdentity").credentials()
  }

  /// `AssumeRoleWithSAML`, which is not signed: the response is the proof.
  ///
  /// - Parameters:
  ///   - roleARN: `RoleArn`.
  ///   - principalARN: `PrincipalArn`, the SAML provider in the account of the role.
  ///   - durationSeconds: `nil` leaves the choice to the server.
  ///   - response: `SAMLAssertion`, a SAML response in base 64.
  /// - Returns: the credential of the session.
  /// - Throws: `STSClientError`.
  package func assumeRole(
    _ roleARN: String,
    _ principalARN: String,
    durationSeconds: Int?,
    samlResponse response: String
  ) async throws(STSClientError) -> RoleCredential {
    var parameters = [("RoleArn", roleARN), ("PrincipalArn", principalARN), ("SAMLAssertion", response)]
    if let seconds = durationSeconds { parameters.append(("DurationSeconds", String(seconds))) }
    let answer = try await call("AssumeRoleWithSAML", parameters, signedBy: nil)
    return try ActionResult(answer: answer, action: "AssumeRoleWithSAML").credentials()
  }
}

extension ActionResult {
  fileprivate func credentials() throws(STSClientError) -> RoleCredential {
    let credential = SigningCredential(
      accessKeyID: try element("Credentials/AccessKeyId"),
      secretAccessKey: Secret(try element("Credentials/SecretAccessKey")),
      sessionToken: try element("Credentials/SessionToken")
    )
    return (credential, try instant("Credentials/Expiration"))
  }
}

private func isCompactSerialization(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
    true
  default: false
  }
}
