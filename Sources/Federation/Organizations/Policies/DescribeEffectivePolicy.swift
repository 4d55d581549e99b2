// SPDX-License-Identifier: Apache-2.0
//
// AWS Organizations API, DescribeEffectivePolicy: only for the types of policy that AWS merges along the tree, of which
// there are none here. Service and resource control policies are not merged, and AWS refuses to.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `organizations:DescribeEffectivePolicy`.
package struct DescribeEffectivePolicy: OrganizationPolicyAction {
  package static let name = "DescribeEffectivePolicy"
  package static let isReadOnly = true

  private let type: String
  private let target: String?

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    type = parameters.requiredString("PolicyType", length: 1...64)
    target = parameters.optionalString("TargetId", length: 0...100, pattern: .policyTargetID)
    try parameters.check()
    // Source: botocore, `EffectivePolicyType`: all types but the two that are here.
    guard OrganizationPolicyType(rawValue: type) == nil, OrganizationPolicyType.names.contains(type) else {
      throw .organizations(
        "InvalidInputException",
        "You specified an invalid policy type string.",
        reason: "INVALID_ENUM_POLICY_TYPE"
      )
    }
  }

  package var requestParameters: JSONValue? { .strings(["policyType": type, "targetId": target]) }
  package var targetID: String? { target }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    // A member asks about itself.
    if call.subject.membership == nil || target != nil { _ = try call.subject.organization() }
    if target != nil { _ = try call.subject.existingTarget() }
    throw .organizations(
      "EffectivePolicyNotFoundException",
      "There is no effective policy of type \(type) for the account \(target ?? call.account.description)."
    )
  }
}
