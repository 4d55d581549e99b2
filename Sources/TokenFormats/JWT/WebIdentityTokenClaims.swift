// SPDX-License-Identifier: Apache-2.0
//
// The claims of a token that GetWebIdentityToken vends, and their spelling: names, order and shapes are AWS's own,
// and whatever a caller chose (tags, audiences) cannot leave its place. Refuses to know policy, keys and limits.
// Source: contract §2.2, §2.3; IAM User Guide, claims of outbound identity federation; RFC 7519 §4.1.

package import IdentityModel
import StrictJSON

/// The members of the `https://sts.amazonaws.com/` object.
///
/// What is absent or empty is left out, never null.
package struct AWSClaims: Hashable, Sendable {
  /// `aws_account`: the caller's account.
  package var account: AccountID
  /// `source_region`: the region whose STS was called.
  package var sourceRegion: Region
  /// `principal_id`: the same ARN as `sub`.
  package var principalID: String
  /// `org_id`: the organization of the account, `o-…`.
  package var orgID: String?
  /// `ou_path`: the paths of the account's organizational units, each `o-x/r-y/ou-…/`.
  package var ouPath: [String]?
  /// `principal_tags`: the tags of the user or role, session tags already merged in.
  package var principalTags: [Tag]
  /// `original_session_exp`: when the caller's own temporary credentials expire.
  package var originalSessionExpiration: Instant?
  /// `federated_provider`: the ARN of the identity provider through which the caller got its session.
  package var federatedProvider: String?
  /// `source_identity`: the SourceIdentity of the session.
  package var sourceIdentity: String?
  /// `request_tags`: the tags of this call.
  package var requestTags: [Tag]

  /// Gathers the members.
  package init(
    account: AccountID,
    sourceRegion: Region,
    principalID: String,
    principalTags: [Tag] = [],
    requestTags: [Tag] = [],
    originalSessionExpiration: Instant? = nil,
    orgID: String? = nil,
    ouPath: [String]? = nil,
    federatedProvider: String? = nil,
    sourceIdentity: String? = nil
  ) {
    self.account = account
    self.sourceRegion = sourceRegion
    self.principalID = principalID
    self.orgID = orgID
    self.ouPath = ouPath
    self.principalTags = principalTags
    self.originalSessionExpiration = originalSessionExpiration
    self.federatedProvider = federatedProvider
    self.sourceIdentity = sourceIdentity
    self.requestTags = requestTags
  }
}

/// The claims of one token.
package struct WebIdentityTokenClaims: Hashable, Sendable {
  /// The largest payload that is signed.
  ///
  /// Unit: bytes of UTF-8. Source: contract §1.7.
  package static let maximumPayloadBytes = 14_984

  /// `aud`: the audiences as they were asked for, order and duplicates kept; at least one.
  package var audience: [String]
  /// `sub`: the ARN of the IAM principal.
  package var subject: String
  /// `iss`: the account's issuer URL.
  package var issuer: String
  /// `exp`; whole seconds are written.
  package var expiration: Instant
  /// `iat`; whole seconds are written.
  package var issuedAt: Instant
  /// `jti`: a random UUID.
  package var tokenID: String
  /// The `https://sts.amazonaws.com/` object.
  package var aws: AWSClaims
  /// `act`: who acts for the subject (RFC 8693 §4.1); `nil` when nobody does.
  package var actors: ActorChain?
  /// `status`: where it stands whether the token was revoked; `nil` when nobody keeps that.
  package var status: StatusListReference?

  /// Gathers the claims.
  package init(
    audience: [String],
    subject: String,
    issuer: String,
    expiration: Instant,
    issuedAt: Instant,
    tokenID: String,
    aws: AWSClaims,
    actors: ActorChain? = nil,
    status: StatusListReference? = nil
  ) {
    self.audience = audience
    self.subject = subject
    self.issuer = issuer
    self.expiration = expiration
    self.issuedAt = issuedAt
    self.tokenID = tokenID
    self.aws = aws
    self.actors = actors
    self.status = status
  }

  /// The payload: one JSON object, UTF-8, members in the order that AWS writes them.
  ///
  /// `aud`, `sub`, `https://sts.amazonaws.com/`, `iss`, `exp`, `iat`, `jti`, and behind them `act` and `status`, which
  /// AWS does not have; there is no `nbf`. `aud` is a string for one audience and an array for several. The length is the caller's to compare with `maximumPayloadBytes`.
  package func payload() -> [UInt8] {
    var writer = JSONWriter(capacity: 1024)
    writer.object { writer in
      writer.name("aud")
      if audience.count == 1 {
        writer.string(audience[0])
      } else {
        writer.array { writer in for audience in audience { writer.string(audience) } }
      }
      writer.member("sub", subject)
      writer.name("https://sts.amazonaws.com/")
      aws.write(to: &writer)
      writer.member("iss", issuer)
      writer.member("exp", expiration.seconds)
      writer.member("iat", issuedAt.seconds)
      writer.member("jti", tokenID)
      actors?.write(to: &writer)
      status?.write(to: &writer)
    }
    return writer.bytes
  }
}

extension AWSClaims {
  // The order inside the object is not documented by AWS; ours is fixed, with `aws_account` first and then the order
  // of the claims table in the IAM User Guide, what the caller chose (`request_tags`) last.
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("aws_account", account.description)
      writer.member("source_region", sourceRegion.description)
      writer.member("principal_id", principalID)
      if let orgID { writer.member("org_id", orgID) }
      if let ouPath, !ouPath.isEmpty {
        writer.name("ou_path")
        writer.array { writer in for path in ouPath { writer.string(path) } }
      }
      write(principalTags, as: "principal_tags", to: &writer)
      if let originalSessionExpiration {
        writer.member("original_session_exp", originalSessionExpiration.rfc3339)
      }
      if let federatedProvider { writer.member("federated_provider", federatedProvider) }
      if let sourceIdentity { writer.member("source_identity", sourceIdentity) }
      write(requestTags, as: "request_tags", to: &writer)
    }
  }

  // SECURITY: no two members of an object may have one name, or two readers may see two tokens. Tag keys are
  // checked for duplicates long before this; should two meet here all the same, the last one stands alone.
  private func write(_ tags: [Tag], as name: String, to writer: inout JSONWriter) {
    guard !tags.isEmpty else { return }
    writer.name(name)
    writer.object { writer in
      for (index, tag) in tags.enumerated()
      where !tags[(index + 1)...].contains(where: { same($0.key, tag.key) }) {
        writer.member(tag.key, tag.value)
      }
    }
  }
}
