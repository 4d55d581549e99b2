// SPDX-License-Identifier: Apache-2.0
//
// What is known of a call so far: it fills up step by step, so that a refusal at any step leaves a record with
// everything that was learned until then.

package import AuditTrail
package import IdentityModel
package import StrictJSON

/// What is known of a call so far.
package struct Trail: Sendable {
  /// When the request arrived.
  package let now: Instant
  /// The request id of the response.
  package let requestID: String
  private var eventID: String
  private let request: APIRequest
  /// The service, once the scope or the version has told it.
  package var service: ServiceName?
  /// The region, once the scope has told it.
  package var region: Region
  /// The action's name as the caller spelled it.
  package var eventName = "Unknown"
  /// The access key id that the caller claims.
  package var accessKeyID: String?
  /// The caller, once authenticated.
  package var principal: Principal?
  /// The caller's session, once authenticated, when it has one.
  package var session: Session?
  /// Whom an identity provider vouches for, once verified, when the caller has no key.
  package var federated: FederatedIdentity?
  /// Who acts for that one, once verified, when somebody presented a token as the actor.
  package var actor: FederatedIdentity?
  /// The account of what the call is about, when it is not the caller's.
  package var resourceAccount: AccountID?
  /// The account that gets a record of its own when the call is done, with the ids of that; not the caller's.
  package var concerned: (account: AccountID, eventID: String, sharedEventID: String)?
  /// The parameters, once read.
  package var requestParameters: JSONValue?
  /// Why policy refused, if it did: worked out for the record, and not for a call that none tells of.
  package var refusal: (@Sendable () -> JSONValue)?
  /// Whether the trust policy of a role lets in who has no key.
  package var isTrusted = false
  /// What ties the record to the token that will be promised, when one will.
  package var issuance: JSONValue?
  /// Whether the call was refused and a record of another one tells so.
  package var isCountedElsewhere = false
  /// Whether the action only reads, once known.
  package var isReadOnly = false

  /// Starts with what every request has.
  package init(_ request: APIRequest, now: Instant, requestID: String, eventID: String, homeRegion: Region) {
    self.request = request
    self.now = now
    self.requestID = requestID
    self.eventID = eventID
    self.region = homeRegion
  }

  /// Begins another record of the same call: that it failed after it was recorded as done.
  package mutating func failsAfterRecord(eventID: String) {
    self.eventID = eventID
    concerned = nil
  }

  /// The record of the call, ended by `outcome`; with a copy for the account that it concerns, when it was done.
  package func record(_ outcome: AuditRecord.Outcome) -> AuditRecord {
    var concerned = concerned
    if case .failed = outcome { concerned = nil }
    let copies = concerned.map { concerned in
      record(
        outcome,
        // Source: CloudTrail user guide, cross-account AssumeRole: the other account learns whose caller it was.
        of: AuditRecord.UserIdentity(
          type: "AWSAccount",
          principalID: principal?.uniqueID,
          arn: nil,
          accountID: principal?.account,
          accessKeyID: nil,
          userName: nil
        ),
        to: concerned.account,
        eventID: concerned.eventID,
        sharedEventID: concerned.sharedEventID
      )
    }
    return record(
      outcome,
      of: userIdentity,
      to: principal?.account ?? resourceAccount,
      eventID: eventID,
      sharedEventID: concerned?.sharedEventID,
      copies: copies.map { [$0] } ?? []
    )
  }

  private func record(
    _ outcome: AuditRecord.Outcome,
    of identity: AuditRecord.UserIdentity,
    to recipient: AccountID?,
    eventID: String,
    sharedEventID: String?,
    copies: [AuditRecord] = []
  ) -> AuditRecord {
    AuditRecord(
      eventTime: now,
      userIdentity: identity,
      eventSource: (service ?? .sts).eventSource,
      eventName: eventName,
      awsRegion: region.description,
      sourceIPAddress: request.sourceIPAddress,
      userAgent: strangerCapped(request.header("user-agent")),
      requestParameters: recordedParameters,
      outcome: capped(outcome),
      requestID: requestID,
      eventID: eventID,
      readOnly: isReadOnly,
      recipientAccountID: recipient,
      tlsVersion: request.tls?.version,
      tlsCipherSuite: request.tls?.cipherSuite,
      clientProvidedHostHeader: strangerCapped(request.header("host")),
      additionalEventData: refusal?() ?? issuance,
      sharedEventID: sharedEventID,
      copies: copies
    )
  }

  /// The parameters, with who acts among them: CloudTrail's `userIdentity` has no place for a second one.
  private var recordedParameters: JSONValue? {
    guard let actor else { return requestParameters }
    let identity = JSONObject([
      .init("type", .string(actor.type)), .init("principalId", .string(actor.principalID)),
      .init("userName", .string(actor.userName)), .init("identityProvider", .string(actor.provider)),
    ])
    return .object(
      JSONObject((requestParameters?.object?.members ?? []) + [.init("actor", .object(identity))])
    )
  }

  /// What somebody sent whom nobody knows takes little room in the log.
  private func strangerCapped(_ text: String?) -> String? {
    principal == nil ? text?.beginning(utf8Bytes: 256) : text
  }

  private func capped(_ outcome: AuditRecord.Outcome) -> AuditRecord.Outcome {
    guard case .failed(let code, let message) = outcome else { return outcome }
    return .failed(code: code, message: strangerCapped(message))
  }

  private var userIdentity: AuditRecord.UserIdentity {
    if let federated {
      return AuditRecord.UserIdentity(
        type: federated.type,
        principalID: federated.principalID,
        arn: nil,
        accountID: nil,
        accessKeyID: nil,
        userName: federated.userName,
        identityProvider: federated.provider
      )
    }
    let (type, userName): (String, String?) =
      switch principal {
      case .root: ("Root", nil)
      case .user(let user): ("IAMUser", user.userName)
      case .assumedRole: ("AssumedRole", nil)
      case .federatedUser: ("FederatedUser", nil)
      case nil: ("Unknown", nil)
      }
    return AuditRecord.UserIdentity(
      type: type,
      principalID: principal?.uniqueID,
      arn: principal?.arn.description,
      accountID: principal?.account,
      accessKeyID: accessKeyID,
      userName: userName,
      sessionContext: session.map { sessionContext($0) }
    )
  }

  private func sessionContext(_ session: Session) -> AuditRecord.SessionContext {
    AuditRecord.SessionContext(
      creationDate: session.issuedAt,
      sessionIssuer: sessionIssuer(of: session),
      federatedProvider: session.webIdentity?.provider,
      sourceIdentity: session.sourceIdentity
    )
  }

  /// The role or the user that the session stands for; a user's own session is no other identity.
  private func sessionIssuer(of session: Session) -> AuditRecord.SessionIssuer? {
    switch principal {
    case .assumedRole(let identity):
      AuditRecord.SessionIssuer(
        type: "Role",
        principalID: identity.role.roleID,
        arn: identity.role.arn.description,
        accountID: identity.role.account,
        userName: identity.role.roleName
      )
    case .federatedUser(let user):
      // A user's path is not in its session: the ARN is left to the unique id.
      AuditRecord.SessionIssuer(
        type: session.name == nil ? "Root" : "IAMUser",
        principalID: session.uniqueID ?? user.account.description,
        arn: nil,
        accountID: user.account,
        userName: session.name
      )
    case .root, .user, nil: nil
    }
  }
}
