// SPDX-License-Identifier: Apache-2.0
//
// What an action on an organization's policies is about: the policy and the target that the request names, in the
// organization that the caller's account manages. Source: AWS Service Authorization Reference, AWS Organizations.

import AWSProtocols
package import IdentityModel

/// A policy and a target, when the request names them and the caller's account manages them.
package struct OrganizationPolicySubject: ActionSubject {
  /// The policy that the request names; `nil` when there is none.
  let policy: OrganizationPolicy?
  /// The target that the request names; `nil` when there is none.
  let target: OrganizationEntity?

  package var requirements: [Change.Write] {
    (policy?.requirements ?? []) + (target.map { [$0.requirement] } ?? [])
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
  func existingTarget() throws(ServiceError) -> OrganizationEntity {
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
      return OrganizationPolicySubject(policy: nil, target: nil)
    }
    let organization = membership.place.organization.record
    var policy: OrganizationPolicy?
    var target: OrganizationEntity?
    if let policyID {
      policy = try await house.read { try await $0.organizationPolicy(policyID, in: organization) }
    }
    if let targetID { target = try await house.entity(targetID, in: organization) }
    return OrganizationPolicySubject(policy: policy, target: target)
  }

  // What is not there, and what another account manages, is asked about as `*`.
  package func questions(_ subject: OrganizationPolicySubject, _ call: AuthenticatedCall) -> [Question] {
    let type = policyType ?? subject.policy?.type
    var context = type.map { [Question.ContextEntry("organizations:PolicyType", $0.rawValue)] } ?? []
    context += tags.requestContext
    // Of each resource its own tags: a lock on one is none on the other.
    var resources: [(arn: String, tags: [Tag])] = []
    if let policy = subject.policy { resources.append((policy.arn, policy.tags)) }
    if let target = subject.target?.resource { resources.append((target.arn.description, target.tags)) }
    if resources.isEmpty { resources = [("*", [])] }
    var questions = resources.map { resource in
      Question(
        action: "organizations:\(Self.name)",
        resource: resource.arn,
        context: resource.tags.map { .init("aws:ResourceTag/\($0.key)", $0.value) } + context
      )
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
}

/// All the types of policy that AWS has.
///
/// Source: botocore, `PolicyType`.
enum PolicyTypeName: String, CaseIterable {
  case serviceControl = "SERVICE_CONTROL_POLICY"
  case resourceControl = "RESOURCE_CONTROL_POLICY"
  case tag = "TAG_POLICY"
  case backup = "BACKUP_POLICY"
  case aiServicesOptOut = "AISERVICES_OPT_OUT_POLICY"
  case chatbot = "CHATBOT_POLICY"
  case declarativeEC2 = "DECLARATIVE_POLICY_EC2"
  case securityHub = "SECURITYHUB_POLICY"
  case inspector = "INSPECTOR_POLICY"
  case upgradeRollout = "UPGRADE_ROLLOUT_POLICY"
  case bedrock = "BEDROCK_POLICY"
  case s3 = "S3_POLICY"
  case networkSecurityDirector = "NETWORK_SECURITY_DIRECTOR_POLICY"
}

extension ParameterReader {
  /// A type of policy that must be sent.
  mutating func policyTypeName(_ name: String) throws(ServiceError) -> String {
    guard let type = try organizationsChoice(name, of: PolicyTypeName.self) else {
      throw .invalidOrganizationsInput(.inputRequired, "You must specify the type of policy.")
    }
    return type.rawValue
  }

  /// `TargetId`.
  mutating func policyTargetID() throws(ServiceError) -> String {
    try organizationsID("TargetId", [.root, .unit, .account])
  }
}

extension Change {
  /// Gives `organization` another revision: what its policies say to somebody changes.
  mutating func touch(_ organization: Stored<OrganizationRecord>) throws(StoreError) {
    try replace(organization, with: organization.record, account: organization.record.managementAccount)
  }
}
