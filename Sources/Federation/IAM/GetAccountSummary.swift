// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, GetAccountSummary: what there is in the account, and how much there may be.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:GetAccountSummary`.
package struct GetAccountSummary: Action {
  package static let service = ServiceName.iam
  package static let name = "GetAccountSummary"
  package static let isReadOnly = true

  package init(_ parameters: inout ParameterReader) {}

  package var requestParameters: JSONValue? { nil }

  package func perform(
    _ call: AuthorizedCall<GetAccountSummary>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    var summary = ResponseStructure()
    for (key, count) in try await counts(call.account, house) + known {
      summary.append(key, .integer(Int64(count)))
    }
    return Proposal(result: ResponseStructure(["SummaryMap": .map(summary)]))
  }

  private func counts(
    _ account: AccountID,
    _ house: House
  ) async throws(ServiceError) -> [(String, Int)] {
    let prefix = "\(account)/"
    return try await house.read { directory in
      let rootKeys = try await directory.count(
        of: UserAccessKeyRecord.self,
        prefix: UserAccessKeyRecord.prefix(account, nil)
      )
      return [
        ("Users", try await directory.count(of: UserRecord.self, prefix: prefix)),
        ("Groups", try await directory.count(of: GroupRecord.self, prefix: prefix)),
        ("Roles", try await directory.count(of: RoleRecord.self, prefix: prefix)),
        ("InstanceProfiles", try await directory.count(of: InstanceProfileRecord.self, prefix: prefix)),
        ("Policies", try await directory.count(of: ManagedPolicyRecord.self, prefix: prefix)),
        ("PolicyVersionsInUse", try await directory.count(of: PolicyVersionRecord.self, prefix: prefix)),
        (
          "Providers",
          try await directory.count(of: OIDCProviderRecord.self, prefix: prefix)
            + directory.count(of: SAMLProviderRecord.self, prefix: prefix)
        ),
        ("AccountAccessKeysPresent", rootKeys > 0 ? 1 : 0),
      ]
    }
  }
}

/// What is the same in every account: the quotas, and zero for what is not served.
///
/// Source: IAM API, GetAccountSummary (the keys); IAM quotas.
private let known = [
  ("UsersQuota", 5000), ("GroupsQuota", 300), ("RolesQuota", 1000),
  ("PoliciesQuota", AccountQuota.policies.maximum), ("InstanceProfilesQuota", 1000),
  ("AccessKeysPerUserQuota", accessKeysPerUser), ("GroupsPerUserQuota", 10),
  ("AttachedPoliciesPerUserQuota", 10), ("AttachedPoliciesPerGroupQuota", 10),
  ("AttachedPoliciesPerRoleQuota", 10), ("UserPolicySizeQuota", 2048), ("GroupPolicySizeQuota", 5120),
  ("RolePolicySizeQuota", 10_240), ("AssumeRolePolicySizeQuota", 2048),
  ("PolicySizeQuota", managedPolicySize), ("VersionsPerPolicyQuota", versionsPerPolicy),
  ("PolicyVersionsInUseQuota", 10_000), ("GlobalEndpointTokenVersion", 1),
  // Nobody signs in here, and certificates are not kept.
  ("MFADevices", 0), ("MFADevicesInUse", 0), ("AccountMFAEnabled", 0), ("AccountPasswordPresent", 0),
  ("AccountSigningCertificatesPresent", 0), ("SigningCertificatesPerUserQuota", 0),
  ("ServerCertificates", 0), ("ServerCertificatesQuota", 0),
]
