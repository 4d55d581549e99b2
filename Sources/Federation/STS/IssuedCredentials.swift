// SPDX-License-Identifier: Apache-2.0
//
// Credentials on their way out: how they are made for a session, how they are answered, and what of them is recorded.
// Shared by every action that answers credentials.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

extension House {
  /// Credentials for `session`; a sealed server is 503.
  ///
  /// Throws PackedPolicyTooLarge when the session carries more than a token holds.
  package func credentials(for session: Session) throws(ServiceError) -> SessionCredentials {
    try session.requireSpace()
    do {
      return try SessionCredentials(session, self)
    } catch {
      throw diagnostics.serviceError("seal a session", error)
    }
  }
}

extension SessionCredentials {
  /// The `Credentials` of an answer.
  package var response: ResponseValue {
    .structure(
      ResponseStructure([
        "AccessKeyId": .string(accessKeyID),
        "SecretAccessKey": .string(secretAccessKey.withBytes { String(decoding: $0, as: UTF8.self) }),
        "SessionToken": .string(sessionToken.withBytes { String(decoding: $0, as: UTF8.self) }),
        "Expiration": .timestamp(session.expiration, milliseconds: false),
      ])
    )
  }

  /// What of them may be recorded: neither the secret nor the token.
  package var recorded: JSONObject.Member {
    .init(
      "credentials",
      .object(
        JSONObject([
          .init("accessKeyId", .string(accessKeyID)),
          .init("expiration", .string(session.expiration.cloudTrailElementForm)),
        ])
      )
    )
  }
}
