// SPDX-License-Identifier: Apache-2.0
//
// The condition keys of a request: what policy may ask about the caller, the connection and the time, whatever the
// action. Source: IAM User Guide, global condition context keys.

import IdentityModel
import PolicyEngine

extension RequestContext {
  /// The global keys of `call` on a resource of `owner`, and those of the question.
  ///
  /// `aws:MultiFactorAuthPresent` is never there: nobody signs in with a second factor here.
  init(_ call: AuthenticatedCall, owner: ResourceOwner, _ entries: [Question.ContextEntry]) {
    self.init(capacity: 24 + call.caller.principal.tags.count + entries.count)
    setPrincipal(call.caller.principal)
    if let membership = call.caller.standing.membership { setPrincipalOrganization(membership.place) }
    if let membership = owner.membership { setResourceOrganization(membership.place) }
    if let session = call.caller.session { setSession(session) }
    set(.sourceIP, call.sourceIPAddress)
    set(.secureTransport, call.isSecureTransport ? "true" : "false")
    set(.currentTime, call.now.rfc3339)
    set(.epochTime, String(call.now.seconds))
    set(.requestedRegion, call.region.description)
    set(.resourceAccount, owner.account.description)
    // AWS sets these two in every request; no service calls on behalf of anybody here.
    set(.viaAWSService, "false")
    set(.principalIsAWSService, "false")
    if let userAgent = call.userAgent { set(.userAgent, userAgent) }
    for entry in entries {
      if entry.isMultivalued {
        set(entry.key, values: entry.values)
      } else {
        set(entry.key, entry.values[0])
      }
    }
  }

  /// `aws:Principal…`, `aws:userid`, `aws:username`.
  mutating func setPrincipal(_ principal: Principal) {
    set(.principalARN, principal.issuerARN.description)
    set(.principalAccount, principal.account.description)
    set(.userID, principal.uniqueID)
    switch principal {
    case .root: set(.principalType, "Account")
    case .user(let user):
      set(.principalType, "User")
      set(.userName, user.userName)
    case .assumedRole: set(.principalType, "AssumedRole")
    case .federatedUser: set(.principalType, "FederatedUser")
    }
    for tag in principal.tags { set("aws:PrincipalTag/\(tag.key)", tag.value) }
  }

  /// Where in an organization the caller's account stands.
  mutating func setPrincipalOrganization(_ place: OrganizationPlace) {
    set(.principalOrgID, place.organizationID)
    set(.principalOrgPaths, values: [place.path])
  }

  /// Where in an organization the resource's account stands.
  mutating func setResourceOrganization(_ place: OrganizationPlace) {
    set(.resourceOrgID, place.organizationID)
    set(.resourceOrgPaths, values: [place.path])
  }

  /// What only temporary credentials have.
  private mutating func setSession(_ session: Session) {
    set(.tokenIssueTime, session.issuedAt.rfc3339)
    if let sourceIdentity = session.sourceIdentity { set(.sourceIdentity, sourceIdentity) }
    if let provider = session.webIdentity?.provider { set(.federatedProvider, provider) }
  }
}

extension ConditionKey {
  static let principalARN = ConditionKey("aws:PrincipalArn")
  static let principalAccount = ConditionKey("aws:PrincipalAccount")
  static let principalOrgID = ConditionKey("aws:PrincipalOrgID")
  static let principalOrgPaths = ConditionKey("aws:PrincipalOrgPaths")
  static let principalType = ConditionKey("aws:PrincipalType")
  static let userID = ConditionKey("aws:userid")
  static let userName = ConditionKey("aws:username")
  static let tokenIssueTime = ConditionKey("aws:TokenIssueTime")
  static let sourceIdentity = ConditionKey("aws:SourceIdentity")
  static let federatedProvider = ConditionKey("aws:FederatedProvider")
  static let sourceIP = ConditionKey("aws:SourceIp")
  static let secureTransport = ConditionKey("aws:SecureTransport")
  static let currentTime = ConditionKey("aws:CurrentTime")
  static let epochTime = ConditionKey("aws:EpochTime")
  static let requestedRegion = ConditionKey("aws:RequestedRegion")
  static let resourceAccount = ConditionKey("aws:ResourceAccount")
  static let resourceOrgID = ConditionKey("aws:ResourceOrgID")
  static let resourceOrgPaths = ConditionKey("aws:ResourceOrgPaths")
  static let viaAWSService = ConditionKey("aws:ViaAWSService")
  static let principalIsAWSService = ConditionKey("aws:PrincipalIsAWSService")
  static let userAgent = ConditionKey("aws:UserAgent")
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
