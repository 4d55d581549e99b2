// SPDX-License-Identifier: Apache-2.0
//
// The session behind temporary credentials, as CloudTrail records it. Source: CloudTrail userIdentity element,
// `sessionContext`.

package import IdentityModel
import StrictJSON

extension AuditRecord {
  /// The session behind temporary credentials.
  package struct SessionContext: Hashable, Sendable {
    /// When it was made.
    package let creationDate: Instant
    /// The role or the user that it stands for; `nil` when that is the caller itself.
    package let sessionIssuer: SessionIssuer?
    /// The identity provider that vouched for its maker.
    package let federatedProvider: String?
    /// Its `SourceIdentity`.
    package let sourceIdentity: String?

    /// Gathers the parts.
    package init(
      creationDate: Instant,
      sessionIssuer: SessionIssuer?,
      federatedProvider: String?,
      sourceIdentity: String?
    ) {
      self.creationDate = creationDate
      self.sessionIssuer = sessionIssuer
      self.federatedProvider = federatedProvider
      self.sourceIdentity = sourceIdentity
    }
  }

  /// The identity that a session stands for.
  package struct SessionIssuer: Hashable, Sendable {
    /// `Role`, `IAMUser`, `Root`.
    package let type: String
    /// The unique id.
    package let principalID: String
    /// The ARN.
    package let arn: String?
    /// The account.
    package let accountID: AccountID
    /// The name of the role or user.
    package let userName: String?

    /// Gathers the parts.
    package init(type: String, principalID: String, arn: String?, accountID: AccountID, userName: String?) {
      self.type = type
      self.principalID = principalID
      self.arn = arn
      self.accountID = accountID
      self.userName = userName
    }
  }
}

extension AuditRecord.SessionContext {
  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      if let sessionIssuer {
        writer.name("sessionIssuer")
        writer.object { writer in
          writer.member("type", sessionIssuer.type)
          writer.member("principalId", sessionIssuer.principalID)
          if let arn = sessionIssuer.arn { writer.member("arn", arn) }
          writer.member("accountId", sessionIssuer.accountID.description)
          if let userName = sessionIssuer.userName { writer.member("userName", userName) }
        }
      }
      if let federatedProvider {
        writer.name("webIdFederationData")
        writer.object { writer in
          writer.member("federatedProvider", federatedProvider)
          writer.name("attributes")
          writer.object { _ in }
        }
      }
      writer.name("attributes")
      writer.object { writer in
        writer.member("creationDate", creationDate.rfc3339)
        writer.member("mfaAuthenticated", "false")
      }
      if let sourceIdentity { writer.member("sourceIdentity", sourceIdentity) }
    }
  }
}
