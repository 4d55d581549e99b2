// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, GetPolicy.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:GetPolicy`.
package struct GetPolicy: TargetedAction {
  package static let service = ServiceName.iam
  package static let name = "GetPolicy"
  package static let isReadOnly = true

  package let target: PolicyAction

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    target = try PolicyAction(&parameters, "iam:GetPolicy")
  }

  package var requestParameters: JSONValue? { .strings(["policyArn": target.arn.text]) }

  package func perform(
    _ call: AuthorizedCall<GetPolicy>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let summary: PolicySummary
    switch call.subject {
    case .customer(let stored): summary = PolicySummary(stored.record)
    case .aws(let policy): summary = PolicySummary(policy)
    case .absent: throw target.notFound
    }
    var response = summary.response(try await house.usage(ofPolicy: summary.arn, in: call.account))
    response.append("Description", summary.description.map { .string($0) })
    response.append("Tags", summary.tags.response)
    return Proposal(result: ResponseStructure(["Policy": .structure(response)]))
  }
}
