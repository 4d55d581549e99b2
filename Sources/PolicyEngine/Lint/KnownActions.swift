// SPDX-License-Identifier: Apache-2.0
//
// The actions of IAM and STS that a policy may name, to find misspelled ones. Source: the operations of botocore's
// service models iam/2010-05-08 and sts/2011-06-15; permissions without an operation, as policies that AWS manages name
// them; the actions on federation configs.

import IdentityModel

/// The actions that lint knows.
enum KnownActions {
  /// The name as the policy has it, when `pattern` is of IAM or STS and names no action of theirs.
  static func unknown(_ pattern: ActionPattern) -> String? {
    guard case .named(let glob, let written) = pattern, isKnownVendor(glob) else { return nil }
    return all.contains { pattern.matches($0) } ? nil : written
  }

  private static func isKnownVendor(_ glob: Glob) -> Bool {
    vendors.contains { glob.units.starts(with: "\($0):".utf8.map(UInt16.init)) }
  }

  private static let vendors = ["iam", "sts"]

  /// In bytes, ASCII letters folded to lower case.
  private static let all: [[UInt8]] = zip(vendors, [iam, sts]).flatMap { vendor, names in
    names.split(whereSeparator: \.isWhitespace).map { Array(asciiLowercased("\(vendor):\($0)").utf8) }
  }

  private static let iam = """
    AcceptDelegationRequest AddClientIDToOpenIDConnectProvider AddRoleToInstanceProfile AddUserToGroup
    AssociateDelegationRequest AttachGroupPolicy AttachRolePolicy AttachUserPolicy ChangePassword
    CreateAccessKey CreateAccountAlias CreateDelegationRequest CreateGroup CreateInstanceProfile
    CreateLoginProfile CreateOpenIDConnectProvider CreateOutboundFederationConfig CreatePolicy
    CreatePolicyVersion CreateRole CreateSAMLProvider CreateServiceLinkedRole
    CreateServiceSpecificCredential CreateUser CreateVirtualMFADevice DeactivateMFADevice DeleteAccessKey
    DeleteAccountAlias DeleteAccountPasswordPolicy DeleteGroup DeleteGroupPolicy DeleteInstanceProfile
    DeleteLoginProfile DeleteOpenIDConnectProvider DeleteOutboundFederationConfig DeletePolicy
    DeletePolicyVersion DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy DeleteSAMLProvider
    DeleteSSHPublicKey DeleteServerCertificate DeleteServiceLinkedRole DeleteServiceSpecificCredential
    DeleteSigningCertificate DeleteUser DeleteUserPermissionsBoundary DeleteUserPolicy
    DeleteVirtualMFADevice DetachGroupPolicy DetachRolePolicy DetachUserPolicy
    DisableOrganizationsRootCredentialsManagement DisableOrganizationsRootSessions
    DisableOutboundTokenStatus DisableOutboundTokenTransparency
    DisableOutboundWebIdentityFederation EnableMFADevice
    EnableOrganizationsRootCredentialsManagement EnableOrganizationsRootSessions
    EnableOutboundTokenStatus EnableOutboundTokenTransparency
    EnableOutboundWebIdentityFederation GenerateCredentialReport
    GenerateOrganizationsAccessReport GenerateServiceLastAccessedDetails GetAccessKeyLastUsed
    GetAccountAuthorizationDetails GetAccountPasswordPolicy GetAccountSummary GetContextKeysForCustomPolicy
    GetContextKeysForPrincipalPolicy GetCredentialReport GetDelegationRequest GetGroup GetGroupPolicy
    GetHumanReadableSummary GetInstanceProfile GetLoginProfile GetMFADevice GetOpenIDConnectProvider
    GetOrganizationsAccessReport GetOutboundFederationConfig GetOutboundFederationToken
    GetOutboundWebIdentityFederationInfo GetPolicy GetPolicyVersion GetRole GetRolePolicy GetSAMLProvider
    GetSSHPublicKey GetServerCertificate GetServiceLastAccessedDetails
    GetServiceLastAccessedDetailsWithEntities GetServiceLinkedRoleDeletionStatus GetUser GetUserPolicy
    ImportOutboundSigningKey ListAccessKeys ListAccountAliases ListAttachedGroupPolicies
    ListAttachedRolePolicies ListAttachedUserPolicies ListDelegationRequests ListEntitiesForPolicy
    ListGroupPolicies ListGroups ListGroupsForUser ListInstanceProfileTags ListInstanceProfiles
    ListInstanceProfilesForRole ListMFADeviceTags ListMFADevices ListOpenIDConnectProviderTags
    ListOpenIDConnectProviders ListOrganizationsFeatures ListOutboundFederationConfigTags
    ListOutboundFederationConfigs ListOutboundSamlKeys ListOutboundSigningKeys ListPolicies
    ListPoliciesGrantingServiceAccess ListPolicyTags ListPolicyVersions ListRolePolicies ListRoleTags
    ListRoles ListSAMLProviderTags ListSAMLProviders ListSSHPublicKeys ListServerCertificateTags
    ListServerCertificates ListServiceSpecificCredentials ListSigningCertificates ListUserPolicies
    ListUserTags ListUsers ListVirtualMFADevices PassRole PutAccountProperties PutGroupPolicy
    PutRolePermissionsBoundary PutRolePolicy PutUserPermissionsBoundary PutUserPolicy
    RejectDelegationRequest RemoveClientIDFromOpenIDConnectProvider RemoveRoleFromInstanceProfile
    RemoveUserFromGroup ResetServiceSpecificCredential ResumeOutboundIssuer ResyncMFADevice
    RevokeOutboundSigningKey RevokeOutboundTokens RotateOutboundSamlKey RotateOutboundSigningKey
    SendDelegationToken SetDefaultPolicyVersion SetSecurityTokenServicePreferences SimulateCustomPolicy
    SimulatePrincipalPolicy SuspendOutboundIssuer TagInstanceProfile TagMFADevice TagOpenIDConnectProvider
    TagOutboundFederationConfig TagPolicy TagRole TagSAMLProvider TagServerCertificate TagUser
    UntagInstanceProfile UntagMFADevice UntagOpenIDConnectProvider UntagOutboundFederationConfig
    UntagPolicy UntagRole UntagSAMLProvider UntagServerCertificate UntagUser UpdateAccessKey
    UpdateAccountPasswordPolicy UpdateAssumeRolePolicy UpdateDelegationRequest UpdateGroup
    UpdateLoginProfile UpdateOpenIDConnectProviderThumbprint UpdateOutboundFederationConfig UpdateRole
    UpdateRoleDescription UpdateSAMLProvider UpdateSSHPublicKey UpdateServerCertificate
    UpdateServiceSpecificCredential UpdateSigningCertificate UpdateUser UploadSSHPublicKey
    UploadServerCertificate UploadSigningCertificate
    """

  private static let sts = """
    ActForSubject AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity AssumeRoot
    DecodeAuthorizationMessage GetAccessKeyInfo GetCallerIdentity GetDelegatedAccessToken GetFederationToken GetServiceBearerToken
    GetSessionToken GetWebIdentityToken SetContext SetSourceIdentity TagGetWebIdentityToken TagSession
    """
}
