// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, GetPolicy.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:GetPolicy`.
package struct GetPolicy: Action {
  package static let service = ServiceName.iam
  package static let name = "GetPolicy"
  package static let isReadOnly = true

  private let policy: PolicyAction

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    policy = try PolicyAction(&parameters, "iam:GetPolicy")
  }

  package var requestParameters: JSONValue? { .strings(["policyArn": policy.arn.text]) }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> PolicyTarget {
    try await policy.subject(call, house)
  }

  package func questions(_ subject: PolicyTarget, _ call: AuthenticatedCall) -> [Question] {
    policy.questions(subject)
  }

  package func perform(
    _ call: AuthorizedCall<GetPolicy>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let summary: PolicySummary
    switch call.subject {
    case .customer(let stored): summary = PolicySummary(stored.record)
    case .aws(let policy): summary = PolicySummary(policy)
    case .absent: throw policy.notFound
    }
    var response = summary.response(try await house.usage(ofPolicy: summary.arn, in: call.account))
    response.append("Description", summary.description.map { .string($0) })
    response.append("Tags", summary.tags.response)
    return Proposal(result: ResponseStructure(["Policy": .structure(response)]))
  }
}
