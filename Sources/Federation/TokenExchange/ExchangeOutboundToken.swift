// SPDX-License-Identifier: Apache-2.0
//
// The token endpoint of an issuer: the token or assertion of a registered provider is traded for a token of the account's
// own, without credentials in between, with or without one who acts for its subject. Two policies must allow it: the role's
// trust policy, as for AssumeRoleWithWebIdentity and AssumeRoleWithSAML and of the actor too, and the role's own policies,
// as for GetWebIdentityToken by a session of the role. Source: RFC 8693; docs/token-exchange.md.

package import AWSProtocols
package import IdentityModel
package import StrictJSON
import TokenFormats

/// `ExchangeOutboundToken`, as the records call it.
package struct ExchangeOutboundToken: FederatedAction {
  package static let service = ServiceName.sts
  package static let name = "ExchangeOutboundToken"

  private let issuerID: String
  private let role: FederatedRole
  private let actorCredential: PresentedCredential?
  private let roleSessionName: String?
  private let request: GetWebIdentityToken

  /// The session is one of AssumeRoleWithWebIdentity by default; the token ends with it at the latest.
  private static let sessionSeconds = 3600

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    issuerID = parameters.requiredString("IssuerId", length: 1...64)
    let arn = parameters.requiredString("RoleArn", length: 20...2048)
    role = FederatedRole(arn: arn, credential: PresentedCredential(&parameters, "Subject"))
    let forms = PresentedCredential.Form.allCases.map(\.rawValue)
    let hasActor = parameters.optionalChoice("ActorForm", of: forms) != nil
    actorCredential = hasActor ? PresentedCredential(&parameters, "Actor") : nil
    roleSessionName = parameters.optionalString(
      "RoleSessionName",
      length: 2...64,
      pattern: .roleSessionName
    )
    request = try GetWebIdentityToken(&parameters)
    try parameters.check()
    try role.requireRole()
  }

  package var claimedParameters: JSONValue? { .object(JSONObject([role.recorded] + recordedName)) }

  package var requestParameters: JSONValue? {
    .object(JSONObject([role.recorded] + recordedName + (request.requestParameters?.object?.members ?? [])))
  }

  private var recordedName: [JSONObject.Member] {
    JSONObject.Member.ifPresent("roleSessionName", roleSessionName)
  }

  package func subject(
    _ call: UnsignedCall,
    _ house: House,
    _ trail: inout Trail
  ) async throws(ServiceError) -> FederatedRoleSubject {
    let endpoint = TokenEndpoint(issuer: house.issuers.issuerURL(issuerID))
    var subject = try await role.subject(call, house, &trail, at: endpoint)
    // SECURITY: the endpoint is the issuer's, and its tokens are for roles of its account.
    guard let issuer = try await house.issuerSubject(of: subject.account).issuer,
      issuer.stored.record.issuerID.utf8.elementsEqual(issuerID.utf8)
    else {
      throw .accessDenied("The role is not of this issuer's account")
    }
    if let given = subject.givenSessionName, let roleSessionName {
      guard given.utf8.elementsEqual(roleSessionName.utf8) else {
        throw .validationError("The assertion gives the session another name")
      }
    }
    let actor = try await actor(for: subject.role, at: endpoint, call, house)
    trail.actor = actor?.identity
    subject.delegation = try Delegation(subject.party, actor: actor, house)
    return subject
  }

  /// Who presented a token as the actor, verified as strictly as the subject; `nil` when nobody did.
  private func actor(
    for role: RoleToAssume,
    at endpoint: TokenEndpoint,
    _ call: UnsignedCall,
    _ house: House
  ) async throws(ServiceError) -> VouchedParty? {
    guard let actorCredential else { return nil }
    let presented = try actorCredential.read(call.now)
    let actor = try await house.party(presented, for: role, at: endpoint, now: call.now)
    // A token that is for other roles is for no actor of this one; tags and identities of the actor's are not taken over.
    _ = try SessionRequest(try actor.sessionClaims(for: role.arn), for: role.arn)
    return actor
  }

  package func questions(_ subject: FederatedRoleSubject) -> [Question] {
    subject.questions(sessionName: sessionName(subject))
  }

  package func actorQuestions(_ subject: FederatedRoleSubject) -> [Question] {
    subject.actorQuestions(sessionName: sessionName(subject))
  }

  package func perform(
    _ call: AuthorizedFederatedCall<ExchangeOutboundToken>,
    _ house: House,
    _ trail: inout Trail
  ) async throws(ServiceError) -> Proposal {
    let subject = call.subject
    let session = try subject.session(
      named: sessionName(subject),
      at: call.now,
      durationSeconds: sessionSeconds(subject, at: call.now),
      house
    )
    // From here on as if the session had called: its role's policies, boundary and organization decide.
    let assumed = try await house.assumed(call, session)
    var request = request
    request.delegation = subject.delegation
    // Never less than a minute: of a session that ends sooner nothing is issued.
    request.defaultDurationSeconds = max(60, sessionSeconds(subject, at: call.now))
    let authorized = try await Authorizer.authorize(request, assumed, house, &trail)
    var elements: [JSONObject.Member] = [
      .init("subjectFromWebIdentityToken", .string(subject.party.subject)),
      .init("assumedRoleUser", subject.assumedRoleUser(session)),
      .init("provider", .string(subject.party.providerARN)),
      .init("audience", .string(subject.party.audience)),
    ]
    if let delegation = subject.delegation { elements.append(.init("actors", delegation.recorded)) }
    let seconds = Int64(request.seconds)
    let proposal = try await request.propose(authorized, house, recording: elements) { token, _ in
      // RFC 8693 §2.2.1. The token is presented as it is: `Bearer` says how.
      ResponseStructure([
        "access_token": .string(token), "issued_token_type": .string("urn:ietf:params:oauth:token-type:jwt"),
        "token_type": .string("Bearer"), "expires_in": .integer(seconds),
      ])
    }
    // INVARIANT: the token goes on record only while the role's policies and the issuer are what they were.
    return Proposal(
      change: Change(assumed.caller.requirements + authorized.subject.requirements),
      result: proposal.result,
      responseElements: proposal.responseElements,
      promised: proposal.promised
    )
  }

  /// The token ends with the sessions of subject and actor at their providers, where an assertion tells of one.
  private func sessionSeconds(_ subject: FederatedRoleSubject, at now: Instant) -> Int {
    let ends = [subject.party.sessionEnd, subject.delegation?.actor?.sessionEnd].compactMap { $0 }
    guard let end = ends.min() else { return Self.sessionSeconds }
    return Int(min(Int64(Self.sessionSeconds), (end.milliseconds - now.milliseconds) / 1000))
  }

  /// The session's name: as the provider or the caller gave it, or the subject with what no name may hold as hyphens.
  private func sessionName(_ subject: FederatedRoleSubject) -> String {
    if let name = subject.givenSessionName ?? roleSessionName { return name }
    let allowed = Array("+=,.@-_".utf8)
    let bytes = subject.party.subject.utf8.prefix(64).map { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        byte
      default: allowed.contains(byte) ? byte : UInt8(ascii: "-")
      }
    }
    return bytes.count < 2 ? "exchange" : String(decoding: bytes, as: UTF8.self)
  }
}

extension PresentedCredential {
  /// Reads `SubjectForm` and `SubjectToken`, or those of the actor.
  fileprivate init(_ parameters: inout ParameterReader, _ prefix: String) {
    let name = parameters.requiredChoice(prefix + "Form", of: Form.allCases.map(\.rawValue))
    let form = Form(rawValue: name) ?? .token
    self.init(form, parameters.requiredSecret(prefix + "Token", length: Self.length(form)))
  }
}

extension House {
  /// The call of `session`, which the trust policy of its role allows, as if it had been signed.
  fileprivate func assumed(
    _ call: AuthorizedFederatedCall<ExchangeOutboundToken>,
    _ session: Session
  ) async throws(ServiceError) -> AuthenticatedCall {
    let caller: Caller?
    do {
      caller = try await directory.caller(of: session)
    } catch {
      throw diagnostics.serviceError("read the policies of a role", error)
    }
    guard let caller else {
      throw .accessDenied("Not authorized to perform \(call.subject.party.action)")
    }
    return AuthenticatedCall(call, as: caller)
  }
}
