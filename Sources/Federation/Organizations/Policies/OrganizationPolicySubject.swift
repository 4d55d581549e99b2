// SPDX-License-Identifier: Apache-2.0
//
// What an action on an organization's policies is about: the organization that the caller's account manages, and the
// policy and the target that the request names. Source: AWS Service Authorization Reference, AWS Organizations.

import AWSProtocols
package import IdentityModel

/// An organization, and a policy and a target of it.
package struct OrganizationPolicySubject: ActionSubject {
  /// Where the caller's account stands; `nil` outside an organization.
  let membership: OrganizationMembership?
  /// The policy that the request names; `nil` when there is none.
  let policy: OrganizationPolicy?
  /// The target that the request names; `nil` when there is none.
  let target: OrganizationTarget?

  package var requirements: [Change.Write] {
    (policy?.requirements ?? []) + (target.map { [$0.requirement] } ?? [])
  }

  /// The organization, when the caller's account manages it.
  var managed: Stored<OrganizationRecord>? {
    membership.flatMap { $0.isManagement ? $0.place.organization : nil }
  }

  /// The organization; throws what a caller of another account reads.
  func organization() throws(ServiceError) -> Stored<OrganizationRecord> {
    guard let membership else {
      throw .organizations(
        "AWSOrganizationsNotInUseException",
        "Your account is not a member of an organization."
      )
    }
    guard membership.isManagement else {
      throw .organizations("AccessDeniedException", "You don't have permissions to access this resource.")
    }
    return membership.place.organization
  }

  /// The policy; throws PolicyNotFoundException.
  func existingPolicy() throws(ServiceError) -> OrganizationPolicy {
    guard let policy else {
      throw .organizations(
        "PolicyNotFoundException",
        "We can't find a policy with the PolicyId that you specified."
      )
    }
    return policy
  }

  /// The target; throws TargetNotFoundException.
  func existingTarget() throws(ServiceError) -> OrganizationTarget {
    guard let target else {
      throw .organizations("TargetNotFoundException", "You specified a target that doesn't exist.")
    }
    return target
  }
}

/// An action on the policies of an organization.
package protocol OrganizationPolicyAction: Action where Subject == OrganizationPolicySubject {
  /// The policy that the request names.
  var policyID: String? { get }
  /// The root, the unit or the account that the request names.
  var targetID: String? { get }
  /// The type that the request names; else it is the policy's.
  var policyType: OrganizationPolicyType? { get }
  /// The tags that the request brings.
  var tags: [Tag] { get }
}

extension OrganizationPolicyAction {
  package static var service: ServiceName { .organizations }

  package var policyID: String? { nil }
  package var targetID: String? { nil }
  package var policyType: OrganizationPolicyType? { nil }
  package var tags: [Tag] { [] }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> OrganizationPolicySubject {
    let membership = call.caller.standing.membership
    guard let membership, membership.isManagement else {
      return OrganizationPolicySubject(membership: membership, policy: nil, target: nil)
    }
    let organization = membership.place.organization.record
    var policy: OrganizationPolicy?
    var target: OrganizationTarget?
    if let policyID {
      policy = try await house.read { try await $0.organizationPolicy(policyID, in: organization) }
    }
    if let targetID {
      target = try await house.read { try await $0.organizationTarget(targetID, in: organization) }
    }
    return OrganizationPolicySubject(membership: membership, policy: policy, target: target)
  }

  // What is not there, and what another account manages, is asked about as `*`.
  package func questions(_ subject: OrganizationPolicySubject, _ call: AuthenticatedCall) -> [Question] {
    let type = policyType ?? subject.policy?.type
    var context = type.map { [Question.ContextEntry("organizations:PolicyType", $0.rawValue)] } ?? []
    context += tags.requestContext
    var resources = [subject.policy?.arn, subject.target?.arn].compactMap(\.self)
    if resources.isEmpty { resources = ["*"] }
    var questions = resources.map { resource in
      Question(action: "organizations:\(Self.name)", resource: resource, context: context)
    }
    if !tags.isEmpty {
      questions.append(Question(action: "organizations:TagResource", resource: "*", context: context))
    }
    return questions
  }
}

extension OrganizationPolicyType {
  /// The type with this name.
  ///
  /// Throws what a client reads who asks for one of the types that only AWS has, or for none.
  init(served name: String) throws(ServiceError) {
    guard let type = OrganizationPolicyType(rawValue: name) else {
      throw .organizations(
        "PolicyTypeNotAvailableForOrganizationException",
        "The policy type \(name) is not available for the organization."
      )
    }
    self = type
  }

  /// All the names that AWS has. Source: botocore, `PolicyType`.
  static let names = [
    "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY", "BACKUP_POLICY",
    "AISERVICES_OPT_OUT_POLICY", "CHATBOT_POLICY", "DECLARATIVE_POLICY_EC2", "SECURITYHUB_POLICY",
    "INSPECTOR_POLICY", "UPGRADE_ROLLOUT_POLICY", "BEDROCK_POLICY", "S3_POLICY",
    "NETWORK_SECURITY_DIRECTOR_POLICY",
  ]
}

extension Change {
  /// Gives `organization` another revision: what its policies say to somebody changes.
  mutating func touch(_ organization: Stored<OrganizationRecord>) throws(StoreError) {
    try replace(organization, with: organization.record, account: organization.record.managementAccount)
  }
}
