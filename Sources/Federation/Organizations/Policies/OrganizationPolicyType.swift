// SPDX-License-Identifier: Apache-2.0
//
// The types of policy that an organization has here, and AWS's own policy of each, which allows everything. Source: AWS
// Organizations API, `PolicyType`; AWS Organizations User Guide, SCPs and RCPs.

package import PolicyEngine

/// A type of policy of an organization.
package enum OrganizationPolicyType: String, Codable, Hashable, Sendable, CaseIterable {
  /// What the users, roles and roots of member accounts may do at most.
  case serviceControl = "SERVICE_CONTROL_POLICY"
  /// What may be done at most to the resources of member accounts.
  case resourceControl = "RESOURCE_CONTROL_POLICY"

  /// How many policies of one type a target may have.
  package static let maximumPerTarget = 5
  /// How many characters a document may have, white space included.
  package static let maximumCharacters = 5120

  /// The grammar of its documents.
  package var kind: PolicyKind {
    switch self {
    case .serviceControl: .serviceControl
    case .resourceControl: .resourceControl
    }
  }

  /// The word in ARNs: `service_control_policy`.
  package var resourceType: String {
    switch self {
    case .serviceControl: "service_control_policy"
    case .resourceControl: "resource_control_policy"
    }
  }

  /// AWS's own policy of the type: what every target has until somebody says otherwise.
  package var fullAccess: FullAccessPolicy {
    switch self {
    case .serviceControl: FullAccessPolicy.serviceControl
    case .resourceControl: FullAccessPolicy.resourceControl
    }
  }
}

/// A policy of AWS's own that allows everything.
package struct FullAccessPolicy: Sendable {
  /// `p-FullAWSAccess`.
  package let policyID: String
  /// The name.
  package let name: String
  /// The document.
  package let content: String
  /// What the engine evaluates.
  ///
  /// Empty if the document did not parse: then nothing would be allowed, and every test would notice.
  package let policies: [NamedPolicy]

  /// The description that AWS gives both.
  package static let description = "Allows access to every operation"

  static let serviceControl = FullAccessPolicy(
    "FullAWSAccess",
    .serviceControl,
    """
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Action": "*",
          "Resource": "*"
        }
      ]
    }
    """
  )

  static let resourceControl = FullAccessPolicy(
    "RCPFullAWSAccess",
    .resourceControl,
    """
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Principal": "*",
          "Action": "*",
          "Resource": "*"
        }
      ]
    }
    """
  )

  private init(_ name: String, _ kind: PolicyKind, _ content: String) {
    self.policyID = "p-\(name)"
    self.name = name
    self.content = content
    let document = try? PolicyDocument(json: Array(content.utf8), kind: kind)
    self.policies = document.map { [NamedPolicy(identifier: "p-\(name)", document: $0)] } ?? []
  }
}
