// SPDX-License-Identifier: Apache-2.0
//
// The token endpoint of an issuer: the token of a registered provider is traded for one of the account's own, without
// credentials in between. Two policies must allow it: the role's trust policy, as for AssumeRoleWithWebIdentity, and the
// role's own policies, as for GetWebIdentityToken by a session of the role. Source: RFC 8693; docs/token-exchange.md.

package import AWSProtocols
package import IdentityModel
package import StrictJSON
import TokenFormats

/// `ExchangeOutboundToken`, as the records call it.
package struct ExchangeOutboundToken: FederatedAction {
  package static let service = ServiceName.sts
  package static let name = "ExchangeOutboundToken"

  private let issuerID: String
  private let role: WebIdentityRole
  private let roleSessionName: String?
  private let request: GetWebIdentityToken

  /// The session is one of AssumeRoleWithWebIdentity by default; the token ends with it at the latest.
  private static let sessionSeconds = 3600

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    issuerID = parameters.requiredString("IssuerId", length: 1...64)
    role = WebIdentityRole(
      arn: parameters.requiredString("RoleArn", length: 20...2048),
      token: parameters.requiredSecret("SubjectToken", length: WebIdentityRole.tokenLength)
    )
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
    _ house: House
  ) async throws(ServiceError) -> WebIdentitySubject {
    let subject = try await role.subject(call, house)
    // SECURITY: the endpoint is the issuer's, and its tokens are for roles of its account.
    guard let issuer = try await house.issuerSubject(of: subject.account).issuer,
      issuer.stored.record.issuerID.utf8.elementsEqual(issuerID.utf8)
    else {
      throw .accessDenied("The role is not of this issuer's account")
    }
    return subject
  }

  package func questions(_ subject: WebIdentitySubject) -> [Question] {
    subject.questions(sessionName: sessionName(subject))
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
      durationSeconds: Self.sessionSeconds,
      house
    )
    // From here on as if the session had called: its role's policies, boundary and organization decide.
    let assumed = try await house.assumed(call, session)
    let authorized = try await Authorizer.authorize(request, assumed, house, &trail)
    let token = subject.webIdentity.token
    let elements: [JSONObject.Member] = [
      .init("subjectFromWebIdentityToken", .string(token.subject)),
      .init("assumedRoleUser", subject.assumedRoleUser(session)),
      .init("provider", .string(subject.webIdentity.provider.arn)),
      .init("audience", .string(token.clientID)),
    ]
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

  /// The session's name: as it was asked for, or the subject with what no name may hold as hyphens.
  private func sessionName(_ subject: WebIdentitySubject) -> String {
    if let roleSessionName { return roleSessionName }
    let allowed = Array("+=,.@-_".utf8)
    let bytes = subject.webIdentity.token.subject.utf8.prefix(64).map { byte in
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

extension House {
  /// The call of `session`, which the trust policy of its role allows, as if it had been signed.
  fileprivate func assumed<A: FederatedAction>(
    _ call: AuthorizedFederatedCall<A>,
    _ session: Session
  ) async throws(ServiceError) -> AuthenticatedCall {
    let caller: Caller?
    do {
      caller = try await directory.caller(of: session)
    } catch {
      throw diagnostics.serviceError("read the policies of a role", error)
    }
    guard let caller else {
      throw .accessDenied("Not authorized to perform sts:AssumeRoleWithWebIdentity")
    }
    return AuthenticatedCall(call, as: caller)
  }
}
