// SPDX-License-Identifier: Apache-2.0
//
// AWS STS API, AssumeRoleWithWebIdentity: temporary credentials of a role, for whom a registered OIDC provider vouches.
// The token is the credential: the call needs no signature, and one that comes with it is not looked at.

package import AWSProtocols
package import IdentityModel
package import StrictJSON
import TokenFormats

/// `sts:AssumeRoleWithWebIdentity`.
package struct AssumeRoleWithWebIdentity: FederatedAction {
  package static let service = ServiceName.sts
  package static let name = "AssumeRoleWithWebIdentity"

  private let durationSeconds: Int?
  private let policies: SessionPolicies
  private let providerID: String?
  private let role: FederatedRole
  private let roleSessionName: String

  private static let defaultDurationSeconds = 3600

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    durationSeconds = parameters.optionalInteger("DurationSeconds", 900...43_200)
    policies = SessionPolicies(&parameters)
    providerID = parameters.optionalString("ProviderId", length: 4...2048)
    let roleARN = parameters.requiredString("RoleArn", length: 20...2048)
    roleSessionName = parameters.requiredString("RoleSessionName", length: 2...64, pattern: .roleSessionName)
    let token = parameters.requiredSecret("WebIdentityToken", length: PresentedCredential.length(.token))
    role = FederatedRole(arn: roleARN, credential: PresentedCredential(.token, token))
    try parameters.check()
    try role.requireRole()
    try policies.requireLength()
    // AWS takes OAuth 2.0 access tokens of two shops under this name; they are no JWTs and have no issuer to ask.
    if let providerID {
      throw .validationError(
        "The provider `\(providerID)` is not supported: leave ProviderId out for OpenID Connect"
      )
    }
  }

  package var claimedParameters: JSONValue? { .object(JSONObject(claimedMembers)) }

  package var requestParameters: JSONValue? { .object(JSONObject(claimedMembers + policies.recorded)) }

  private var claimedMembers: [JSONObject.Member] {
    var members = [role.recorded, JSONObject.Member("roleSessionName", .string(roleSessionName))]
    if let durationSeconds { members.append(.init("durationSeconds", .integer(durationSeconds))) }
    return members
  }

  package func subject(
    _ call: UnsignedCall,
    _ house: House,
    _ trail: inout Trail
  ) async throws(ServiceError) -> FederatedRoleSubject {
    var subject = try await role.subject(call, house, &trail)
    // SECURITY: a session says nothing of actors. A token of this server that names some would be rid of them here.
    guard !subject.isChained || subject.party.claims["act"] == nil else {
      throw .invalidIdentityToken(
        "A token of this server that names an actor is taken at the token endpoint only"
      )
    }
    // SECURITY: nor does it say what others' tokens do: policy hears of their actors here, or never.
    subject.delegation = try Delegation(subject.party, actor: nil, house)
    return subject
  }

  package func questions(_ subject: FederatedRoleSubject) -> [Question] {
    subject.questions(sessionName: roleSessionName)
  }

  package func perform(
    _ call: AuthorizedFederatedCall<AssumeRoleWithWebIdentity>,
    _ house: House,
    _ trail: inout Trail
  ) async throws(ServiceError) -> Proposal {
    let subject = call.subject
    var session = try subject.session(
      named: roleSessionName,
      at: call.now,
      durationSeconds: durationSeconds ?? Self.defaultDurationSeconds,
      house
    )
    try await policies.requireUsable(
      in: session.account,
      for: "the session `\(roleSessionName)` of \(role.arn)",
      house
    )
    let party = subject.party
    session.policy = policies.policy
    session.policyARNs = policies.policyARNs
    let credentials = try house.credentials(for: session)
    let user = subject.assumedRoleUser(session)
    let size = session.packedPolicySize
    var elements = [credentials.recorded]
    elements.append(.init("subjectFromWebIdentityToken", .string(party.subject)))
    elements.append(.init("assumedRoleUser", user))
    if let size { elements.append(.init("packedPolicySize", .integer(size))) }
    elements.append(.init("provider", .string(party.providerARN)))
    elements.append(.init("audience", .string(party.audience)))
    elements += JSONObject.Member.ifPresent("sourceIdentity", session.sourceIdentity)
    return Proposal(
      result: ResponseStructure([
        "Credentials": credentials.response,
        "SubjectFromWebIdentityToken": .string(party.subject),
        "AssumedRoleUser": .structure(
          ResponseStructure([
            "AssumedRoleId": .string(user.object?["assumedRoleId"]?.string ?? ""),
            "Arn": .string(user.object?["arn"]?.string ?? ""),
          ])
        ),
        "PackedPolicySize": size.map { .integer(Int64($0)) },
        "Provider": .string(party.providerARN),
        "Audience": .string(party.audience),
        "SourceIdentity": session.sourceIdentity.map { .string($0) },
      ]),
      responseElements: .object(JSONObject(elements))
    )
  }
}
