// SPDX-License-Identifier: Apache-2.0
//
// The role for which somebody presents the word of an identity provider: how both are read and checked, what the trust
// policy is asked, and the session that comes of it. The part that AssumeRoleWithWebIdentity and the token endpoint have
// in common. Source: AWS STS API, AssumeRoleWithWebIdentity, AssumeRoleWithSAML.

package import IdentityModel
import StrictJSON
import TokenFormats

/// The token endpoint of an issuer.
struct TokenEndpoint: Hashable, Sendable {
  /// The issuer's URL.
  let issuer: String

  /// Where it is, without a query: the `Recipient` of assertions that are for it.
  var url: String { issuer + Issuers.tokenPath }
}

/// A role, and the word of a provider that is to open it.
struct FederatedRole: Sendable {
  /// The ARN as it was sent.
  let arn: String
  private let credential: PresentedCredential

  /// Pairs the ARN, as it was sent, and what was presented.
  init(arn: String, credential: PresentedCredential) {
    self.arn = arn
    self.credential = credential
  }

  /// Throws ValidationError for a text that is no ARN.
  func requireRole() throws(ServiceError) {
    // A control character stands in the record in six octets, and in no ARN.
    guard let parts = ARN(arn)?.parts, !parts[1].isEmpty, !parts[2].isEmpty, !parts[5].isEmpty,
      arn.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
    else {
      throw .validationError("\(arn) is invalid")
    }
  }

  /// The parameter that is recorded: never the token.
  var recorded: JSONObject.Member { .init("roleArn", .string(arn)) }

  /// Verifies what was presented, at `endpoint` when it was there, and reads the role.
  ///
  /// `trail` learns of the caller as soon as somebody vouches. Throws when nobody does.
  func subject(
    _ call: UnsignedCall,
    _ house: House,
    _ trail: inout Trail,
    at endpoint: TokenEndpoint? = nil
  ) async throws(ServiceError) -> FederatedRoleSubject {
    let presented = try credential.read(call.now)
    let role = try await house.roleToAssume(arn)
    let party = try await house.party(presented, for: role, at: endpoint, now: call.now)
    guard let account = role.account else { throw .accessDenied("Not authorized to perform \(party.action)") }
    trail.federated = party.identity
    trail.resourceAccount = account
    // A token of this server stands for a principal of it: to assume a role with one is to go on along a chain, and
    // what AssumeRole keeps along a chain is kept here.
    let isChained = house.isOwn(party)
    return FederatedRoleSubject(
      party: party,
      account: account,
      role: role,
      isChained: isChained,
      claims: try SessionRequest(
        try party.sessionClaims(for: arn),
        for: arn,
        inheriting: isChained ? party.inheritedSourceIdentity : nil
      ),
      givenSessionName: try party.sessionName()
    )
  }
}

/// Whom a provider vouches for, and the role that is to be assumed.
package struct FederatedRoleSubject: FederatedSubject {
  /// The caller.
  let party: VouchedParty
  package let account: AccountID
  let role: RoleToAssume
  /// Whether the token or assertion is one of this server's own.
  let isChained: Bool
  /// What the provider asks of the session.
  let claims: SessionRequest
  /// The name that the provider gives the session; `nil` when it leaves that to the caller.
  let givenSessionName: String?
  /// Who acts for the caller; `nil` when nobody does.
  var delegation: Delegation?

  package var identity: FederatedIdentity { party.identity }
  package var actor: FederatedIdentity? { delegation?.actor?.identity }
  package var membership: OrganizationMembership? { role.standing?.membership }
  package var quota: RequestQuota? { role.standing?.quota }

  package var requirements: [Change.Write] {
    role.requirements + [party.isUnchanged] + (delegation?.actor.map { [$0.isUnchanged] } ?? [])
  }
}

extension FederatedRoleSubject {
  /// What the role's trust policy must allow for a session of the name `sessionName`.
  func questions(sessionName: String) -> [Question] {
    var context = party.contextEntries
    context.append(.init("sts:RoleSessionName", sessionName))
    context.append(.init("sts:RoleAuthorizedByIdp", claims.isRoleAuthorized ? "true" : "false"))
    context += claims.tags.requestContext
    if !claims.transitiveTagKeys.isEmpty {
      context.append(.init("sts:TransitiveTagKeys", values: claims.transitiveTagKeys))
    }
    if let sourceIdentity = claims.sourceIdentity {
      context.append(.init("sts:SourceIdentity", sourceIdentity))
    }
    context += delegation?.contextEntries ?? []
    var actions = [party.action]
    if !claims.tags.isEmpty { actions.append("sts:TagSession") }
    if claims.sourceIdentity != nil { actions.append("sts:SetSourceIdentity") }
    return actions.map { role.question($0, context: context) }
  }

  /// What the role's trust policy must allow the actor; nothing when nobody presented a token as one.
  func actorQuestions(sessionName: String) -> [Question] {
    guard let delegation, let actor = delegation.actor else { return [] }
    var context = actor.contextEntries
    context.append(.init("sts:RoleSessionName", sessionName))
    context += delegation.contextEntries + Delegation.subjectEntries(of: party)
    return [role.question("sts:ActForSubject", context: context)]
  }

  /// The session that the trust policy allows.
  ///
  /// Throws ValidationError when it would be too long for the role, or for a chain.
  func session(
    named sessionName: String,
    at now: Instant,
    durationSeconds: Int,
    _ house: House
  ) throws(ServiceError) -> Session {
    guard let record = role.role?.record else {
      throw house.diagnostics.serviceError(
        "assume a role",
        StoreError.corrupted("policy allows the role `\(role.arn)`, which does not exist")
      )
    }
    guard !isChained || durationSeconds <= 3600 else {
      throw .validationError(
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
      )
    }
    guard durationSeconds <= record.maxSessionDuration else {
      throw .validationError(
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
      )
    }
    var session = Session(
      role: record,
      sessionName: sessionName,
      issuedAt: now,
      durationSeconds: durationSeconds
    )
    session.tags = claims.tags
    session.transitiveTagKeys = claims.transitiveTagKeys
    session.sourceIdentity = claims.sourceIdentity
    session.webIdentity = Session.WebIdentity(
      provider: party.providerARN,
      subject: party.subject,
      audience: party.audience
    )
    return session
  }

  /// `{"assumedRoleId":…,"arn":…}` of `session`.
  func assumedRoleUser(_ session: Session) -> JSONValue {
    guard let record = role.role?.record, let name = session.sessionName else { return .null }
    let arn = RoleSessionIdentity(role: record.identity, sessionName: name, tags: []).arn.description
    return .strings(["assumedRoleId": "\(record.uniqueID):\(name)", "arn": arn]) ?? .null
  }
}
