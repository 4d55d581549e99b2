// SPDX-License-Identifier: Apache-2.0
//
// What an identity provider asks of a session in its token, held to the same rules as what a caller of AssumeRole asks
// in parameters. Source: AWS STS API, AssumeRole (`Tags`, `TransitiveTagKeys`, `SourceIdentity`); AWS IAM User Guide,
// Pass session tags in AWS STS.

import AWSProtocols
import IdentityModel
import TokenFormats

/// What an identity provider asks of a session.
struct SessionRequest: Hashable, Sendable {
  /// The session tags.
  let tags: [Tag]
  /// The keys of those that go along a chain, spelled as in `tags`.
  let transitiveTagKeys: [String]
  /// The source identity.
  let sourceIdentity: String?
  /// Whether the token names the role among those that it is for.
  let isRoleAuthorized: Bool

  /// Checks `claims` for a session of the role `roleARN`.
  ///
  /// Throws InvalidIdentityToken for a role that the token is not for, and for tags and identities that no session may
  /// have.
  ///
  /// `inherited` is the source identity of the session that got a token of our own: it goes along, and cannot be
  /// changed on the way.
  init(
    _ claims: SessionClaims,
    for roleARN: String,
    inheriting inherited: String? = nil
  ) throws(ServiceError) {
    if let roles = claims.roleARNs {
      guard roles.contains(where: { $0.utf8.elementsEqual(roleARN.utf8) }) else {
        throw .invalidIdentityToken("The token is not for the role \(roleARN)")
      }
    }
    isRoleAuthorized = claims.roleARNs != nil
    let areTags = claims.tags.allSatisfy { tag in
      (1...128).contains(tag.key.utf16.count) && ParameterPattern.tagKey.matches(tag.key)
        && tag.value.utf16.count <= 256 && ParameterPattern.tagValue.matches(tag.value)
    }
    guard areTags, claims.tags.count <= 50 else {
      throw .invalidIdentityToken("Malformed claim: https://aws.amazon.com/tags")
    }
    try claims.tags.requireDistinctKeys()
    let wanted = Set(claims.transitiveTagKeys.map { $0.utf8.map(asciiLowercase) })
    transitiveTagKeys = claims.tags.map(\.key).filter { wanted.contains($0.utf8.map(asciiLowercase)) }
    guard transitiveTagKeys.count == wanted.count else {
      throw .invalidIdentityToken("A transitive tag key of the token is not among its tags")
    }
    if let identity = claims.sourceIdentity {
      guard (2...64).contains(identity.utf16.count), ParameterPattern.roleSessionName.matches(identity) else {
        throw .invalidIdentityToken("Malformed claim: https://aws.amazon.com/source_identity")
      }
    }
    if let inherited, let asked = claims.sourceIdentity, !inherited.utf8.elementsEqual(asked.utf8) {
      throw .invalidIdentityToken("The source identity of the token's session cannot be changed")
    }
    tags = claims.tags
    sourceIdentity = inherited ?? claims.sourceIdentity
  }
}
