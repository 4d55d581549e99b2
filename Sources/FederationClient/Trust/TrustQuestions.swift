// SPDX-License-Identifier: Apache-2.0
//
// What a trust is made of, asked of the server. Source: AWS IAM API, GetOutboundWebIdentityFederationInfo; IAM User Guide,
// "IAM identifiers".

import IdentityModel
package import SigV4

/// Asks for the values of a trust with one credential.
package struct TrustQuestions: Sendable {
  private let client: AWSQueryClient
  private let credential: SigningCredential

  /// Makes a client that signs with `credential`.
  package init(_ client: AWSQueryClient, credential: SigningCredential) {
    self.client = client
    self.credential = credential
  }

  /// The account's issuer.
  ///
  /// - Throws: `STSClientError`.
  package func issuer() async throws(STSClientError) -> String {
    let action = "GetOutboundWebIdentityFederationInfo"
    let answer = try await client.call(action, [], signedBy: credential)
    return printable(try ActionResult(answer: answer, action: action).element("IssuerIdentifier"))
  }

  /// What the tokens of a caller have for `sub`.
  ///
  /// Of a role's session that is the role; its path, which the session's ARN does not have, is left out. `nil` for a
  /// caller that gets no tokens.
  package static func principal(ofCaller arn: String) -> String? {
    guard let parts = ARN(arn)?.parts, parts.count == 6 else { return nil }
    let path = parts[5].split(separator: "/", omittingEmptySubsequences: false)
    guard parts[2] == "sts" else { return arn }
    guard path.count == 3, path[0] == "assumed-role" else { return nil }
    return "arn:\(parts[1]):iam::\(parts[4]):role/\(path[1])"
  }
}
