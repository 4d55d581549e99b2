// SPDX-License-Identifier: Apache-2.0
//
// The condition keys of a request: what policy may ask about the caller, the connection and the time, whatever the
// action. Source: IAM User Guide, global condition context keys.

import IdentityModel
import PolicyEngine

extension RequestContext {
  /// The global keys of `call` on a resource of `resourceAccount`, and those of the question.
  ///
  /// `aws:MultiFactorAuthPresent` is never there: nobody signs in with a second factor here.
  init(_ call: AuthenticatedCall, resourceAccount: AccountID, _ entries: [Question.ContextEntry]) {
    self.init()
    setPrincipal(call.caller.principal)
    if let session = call.caller.session { setSession(session) }
    set("aws:SourceIp", call.sourceIPAddress)
    set("aws:SecureTransport", call.isSecureTransport ? "true" : "false")
    set("aws:CurrentTime", call.now.rfc3339)
    set("aws:EpochTime", String(call.now.seconds))
    set("aws:RequestedRegion", call.region.description)
    set("aws:ResourceAccount", resourceAccount.description)
    // AWS sets these two in every request; no service calls on behalf of anybody here.
    set("aws:ViaAWSService", "false")
    set("aws:PrincipalIsAWSService", "false")
    if let userAgent = call.userAgent { set("aws:UserAgent", userAgent) }
    for entry in entries {
      if entry.isMultivalued {
        set(entry.key, values: entry.values)
      } else {
        set(entry.key, entry.values[0])
      }
    }
  }

  /// `aws:Principal…`, `aws:userid`, `aws:username`.
  private mutating func setPrincipal(_ principal: Principal) {
    set("aws:PrincipalArn", principal.issuerARN.description)
    set("aws:PrincipalAccount", principal.account.description)
    set("aws:userid", principal.uniqueID)
    switch principal {
    case .root: set("aws:PrincipalType", "Account")
    case .user(let user):
      set("aws:PrincipalType", "User")
      set("aws:username", user.userName)
    case .assumedRole: set("aws:PrincipalType", "AssumedRole")
    case .federatedUser: set("aws:PrincipalType", "FederatedUser")
    }
    for tag in principal.tags { set("aws:PrincipalTag/\(tag.key)", tag.value) }
  }

  /// What only temporary credentials have.
  private mutating func setSession(_ session: Session) {
    set("aws:TokenIssueTime", session.issuedAt.rfc3339)
    if let sourceIdentity = session.sourceIdentity { set("aws:SourceIdentity", sourceIdentity) }
    if let provider = session.webIdentity?.provider { set("aws:FederatedProvider", provider) }
  }
}

extension RequestPrincipal {
  /// The caller as policies see it.
  init(_ principal: Principal) {
    self =
      switch principal {
      case .root(let account): .root(account)
      case .user(let user): .user(arn: user.arn, account: user.account, userID: user.userID)
      case .assumedRole(let session):
        .assumedRole(
          session: session.arn,
          role: session.role.arn,
          account: session.role.account,
          roleID: session.role.roleID
        )
      case .federatedUser(let user):
        .federatedUser(arn: user.arn, account: user.account, userID: principal.uniqueID)
      }
  }
}
