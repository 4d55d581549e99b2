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
    let type = try parameters.organizationsString("PolicyType", length: 1...64)
    target = try parameters.optionalOrganizationsString("TargetId", length: 0...100) { id in
      OrganizationsIDKind(id).map { [.root, .unit, .account].contains($0) } ?? false
    }
    // Source: botocore, `EffectivePolicyType`: all types but the two that are here.
    guard let known = PolicyTypeName.allCases.first(where: { $0.rawValue.utf8.elementsEqual(type.utf8) }),
      OrganizationPolicyType(rawValue: known.rawValue) == nil
    else {
      throw .invalidOrganizationsInput(.invalidPolicyType, "You specified an invalid policy type string.")
    }
    self.type = type
  }

  package var requestParameters: JSONValue? { .strings(["policyType": type, "targetId": target]) }
  package var targetID: String? { target }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    // A member asks about itself.
    _ = try call.authenticated.organization()
    if target != nil {
      _ = try call.authenticated.managedOrganization()
      _ = try call.subject.existingTarget()
    }
    throw .organizations(
      "EffectivePolicyNotFoundException",
      "There is no effective policy of type \(type) for the account \(target ?? call.account.description)."
    )
  }
}
