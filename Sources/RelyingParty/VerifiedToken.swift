// SPDX-License-Identifier: Apache-2.0
//
// What a token says that passed every check. Only `TokenVerifier` makes one, so that holding one is the proof.

package import StrictJSON
import TokenFormats

/// A token that passed every check.
public struct VerifiedToken: Sendable {
  /// `iss`: a trusted issuer.
  public let issuer: String
  /// The first of `audiences` that was expected.
  public let audience: String
  /// `exp`.
  ///
  /// Unit: seconds since the Epoch.
  public let expiration: Int64
  /// `iat`.
  ///
  /// Unit: seconds since the Epoch.
  public let issuedAt: Int64

  let header: ReadHeader
  package let claims: LazyJSONObject
  let awsClaims: LazyAWSClaims?

  // INVARIANT: the claims were checked, so that `sub` and `aud` stand. What nobody asks for is not made.

  /// `sub`: never empty; to AWS and Exeat the ARN of the IAM principal.
  public var subject: String { claims["sub"]?.string ?? "" }
  /// `aud`, in the token's order.
  public var audiences: [String] { (try? claims.audiences()) ?? [] }
  /// `jti`.
  public var tokenID: String? { claims["jti"]?.string }
  /// The `kid` of the header.
  public var keyID: String? { header.keyID }
  /// The algorithm of the signature.
  public var algorithm: TokenAlgorithm { TokenAlgorithm(header.algorithm) }

  /// The member of the header whose name has exactly the bytes of `name`.
  package subscript(header name: String) -> JSONValue? { header.members[name] }

  /// The claims of AWS's outbound identity federation, when the token has them.
  ///
  /// They were checked with the token; the first who asks makes them what they are here.
  public var aws: AWSFederationClaims? { awsClaims?.value }

  /// The claim whose name has exactly the bytes of `name`.
  public subscript(claim name: String) -> ClaimValue? {
    claims[name].map { ClaimValue($0) }
  }
}
