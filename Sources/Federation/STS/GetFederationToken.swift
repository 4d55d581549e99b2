// SPDX-License-Identifier: Apache-2.0
//
// AWS STS API, GetFederationToken: temporary credentials for somebody whom a user vouches for. What they may call:
// SessionReach.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `sts:GetFederationToken`.
package struct GetFederationToken: Action {
  package static let service = ServiceName.sts
  package static let name = "GetFederationToken"
  package static let isReadOnly = false

  private let durationSeconds: Int?
  private let federatedUserName: String
  private let policies: SessionPolicies
  private let tags: [Tag]

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    durationSeconds = parameters.optionalInteger("DurationSeconds", 900...129_600)
    federatedUserName = parameters.requiredString("Name", length: 2...32, pattern: .roleSessionName)
    policies = SessionPolicies(&parameters)
    tags = parameters.tagList()
    try parameters.check()
    try policies.requireLength()
    try tags.requireDistinctKeys()
  }

  package var requestParameters: JSONValue? {
    var members = [JSONObject.Member("name", .string(federatedUserName))]
    if let durationSeconds { members.append(.init("durationSeconds", .integer(durationSeconds))) }
    members += policies.recorded
    if !tags.isEmpty { members.append(.init("tags", .tags(tags))) }
    return .object(JSONObject(members))
  }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] {
    let resource = identity(in: call.account).arn.description
    let context = tags.requestContext
    let question = Question(action: "sts:GetFederationToken", resource: resource, context: context)
    if tags.isEmpty { return [question] }
    return [question, Question(action: "sts:TagSession", resource: resource, context: context)]
  }

  package func perform(
    _ call: AuthorizedCall<GetFederationToken>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    try await policies.requireUsable(
      in: call.account,
      for: "the federated user `\(federatedUserName)`",
      house
    )
    var session = Session(
      of: call.authenticated,
      federatedUserName: federatedUserName,
      durationSeconds: durationSeconds
    )
    session.policy = policies.policy
    session.policyARNs = policies.policyARNs
    session.tags = tags
    let credentials = try house.credentials(for: session)
    let user = identity(in: call.account)
    let id = Principal.federatedUser(user).uniqueID
    let arn = user.arn.description
    let size = session.packedPolicySize ?? 0
    return Proposal(
      result: ResponseStructure([
        "Credentials": credentials.response,
        "FederatedUser": .structure(
          ResponseStructure(["FederatedUserId": .string(id), "Arn": .string(arn)])
        ),
        "PackedPolicySize": .integer(Int64(size)),
      ]),
      responseElements: .object(
        JSONObject([
          credentials.recorded,
          .init("federatedUser", .strings(["federatedUserId": id, "arn": arn]) ?? .null),
          .init("packedPolicySize", .integer(size)),
        ])
      )
    )
  }

  private func identity(in account: AccountID) -> FederatedUserIdentity {
    FederatedUserIdentity(account: account, name: federatedUserName, tags: [])
  }
}
