// SPDX-License-Identifier: Apache-2.0
//
// Every action that is served, one line each.

package import IdentityModel

/// Finds an action by service and name.
package struct ActionTable: Sendable {
  private let types: [ServiceName: [String: any Action.Type]]

  private let federatedTypes: [ServiceName: [String: any FederatedAction.Type]]

  /// Holds `types`, and `federated` for callers without a key.
  package init(_ types: [any Action.Type], federated: [any FederatedAction.Type] = []) {
    var table: [ServiceName: [String: any Action.Type]] = [:]
    for type in types { table[type.service, default: [:]][type.name] = type }
    self.types = table
    var federatedTable: [ServiceName: [String: any FederatedAction.Type]] = [:]
    for type in federated { federatedTable[type.service, default: [:]][type.name] = type }
    self.federatedTypes = federatedTable
  }

  /// The federated action `name` of `service`; names are case-sensitive.
  package func federated(_ service: ServiceName, _ name: String) -> (any FederatedAction.Type)? {
    guard let type = federatedTypes[service]?[name], type.name.utf8.elementsEqual(name.utf8) else {
      return nil
    }
    return type
  }

  /// The action `name` of `service`; names are case-sensitive.
  package subscript(_ service: ServiceName, _ name: String) -> (any Action.Type)? {
    // SECURITY: by bytes. To Swift U+212A is a K, and the record would not have the name.
    guard let type = types[service]?[name], type.name.utf8.elementsEqual(name.utf8) else { return nil }
    return type
  }

  /// The names of all actions, by service.
  package var names: [ServiceName: [String]] {
    let federatedNames = federatedTypes.mapValues { Array($0.keys) }
    return types.mapValues { Array($0.keys) }.merging(federatedNames, uniquingKeysWith: +)
      .mapValues { $0.sorted() }
  }

  /// Everything that Exeat serves.
  package static let all = ActionTable(allActions, federated: [AssumeRoleWithWebIdentity.self])

  /// What `exeat dev` serves: everything, and what tests of relying parties want: any signature, and no key set.
  ///
  /// SECURITY: never of a server that keeps anything.
  package static let development = ActionTable(
    allActions + [SignOutboundTestToken.self, WithholdOutboundTestKeySet.self],
    federated: [AssumeRoleWithWebIdentity.self]
  )
}

private let allActions: [any Action.Type] =
  stsActions + userActions + accessKeyActions + groupActions + roleActions + instanceProfileActions
  + tagActions + policyActions + providerActions + accountActions + federationActions
  + federationConfigActions + simulationActions + trailActions + organizationActions
  + organizationPolicyActions

private let stsActions: [any Action.Type] = [
  AssumeRole.self,
  DecodeAuthorizationMessage.self,
  GetAccessKeyInfo.self,
  GetCallerIdentity.self,
  GetFederationToken.self,
  GetSessionToken.self,
  GetWebIdentityToken.self,
]

private let userActions: [any Action.Type] = [
  AbsentLoginProfile<DeletingLoginProfile>.self,
  AbsentLoginProfile<ReadingLoginProfile>.self,
  AttachUserPolicy.self,
  CreateUser.self,
  DeleteUser.self,
  DeleteUserPermissionsBoundary.self,
  DeleteUserPolicy.self,
  DetachUserPolicy.self,
  GetUser.self,
  GetUserPolicy.self,
  ListAbsentCredentials<MFADevice>.self,
  ListAbsentCredentials<SSHPublicKey>.self,
  ListAbsentCredentials<ServiceSpecificCredential>.self,
  ListAbsentCredentials<SigningCertificate>.self,
  ListAttachedUserPolicies.self,
  ListGroupsForUser.self,
  ListUserPolicies.self,
  ListUsers.self,
  ListVirtualMFADevices.self,
  PutUserPermissionsBoundary.self,
  PutUserPolicy.self,
  UpdateUser.self,
]

private let accessKeyActions: [any Action.Type] = [
  CreateAccessKey.self,
  DeleteAccessKey.self,
  GetAccessKeyLastUsed.self,
  ListAccessKeys.self,
  UpdateAccessKey.self,
]

private let groupActions: [any Action.Type] = [
  AddUserToGroup.self,
  AttachGroupPolicy.self,
  CreateGroup.self,
  DeleteGroup.self,
  DeleteGroupPolicy.self,
  DetachGroupPolicy.self,
  GetGroup.self,
  GetGroupPolicy.self,
  ListAttachedGroupPolicies.self,
  ListGroupPolicies.self,
  ListGroups.self,
  PutGroupPolicy.self,
  RemoveUserFromGroup.self,
  UpdateGroup.self,
]

private let roleActions: [any Action.Type] = [
  AttachRolePolicy.self,
  CreateRole.self,
  DeleteRole.self,
  DeleteRolePermissionsBoundary.self,
  DeleteRolePolicy.self,
  DetachRolePolicy.self,
  GetRole.self,
  GetRolePolicy.self,
  ListAttachedRolePolicies.self,
  ListRolePolicies.self,
  ListRoles.self,
  PutRolePermissionsBoundary.self,
  PutRolePolicy.self,
  UpdateAssumeRolePolicy.self,
  UpdateRole.self,
  UpdateRoleDescription.self,
]

private let instanceProfileActions: [any Action.Type] = [
  AddRoleToInstanceProfile.self,
  CreateInstanceProfile.self,
  DeleteInstanceProfile.self,
  GetInstanceProfile.self,
  ListInstanceProfiles.self,
  ListInstanceProfilesForRole.self,
  RemoveRoleFromInstanceProfile.self,
]

private let tagActions: [any Action.Type] =
  tagActions(FederationConfigRecord.self) + tagActions(InstanceProfileRecord.self)
  + tagActions(ManagedPolicyRecord.self) + tagActions(OIDCProviderRecord.self) + tagActions(RoleRecord.self)
  + tagActions(SAMLProviderRecord.self)
  + tagActions(UserRecord.self)

private func tagActions<Record: TaggableResource>(_ type: Record.Type) -> [any Action.Type] {
  [TagResource<Record>.self, UntagResource<Record>.self, ListResourceTags<Record>.self]
}

private let policyActions: [any Action.Type] = [
  CreatePolicy.self,
  CreatePolicyVersion.self,
  DeletePolicy.self,
  DeletePolicyVersion.self,
  GetPolicy.self,
  GetPolicyVersion.self,
  ListEntitiesForPolicy.self,
  ListPolicies.self,
  ListPolicyVersions.self,
  SetDefaultPolicyVersion.self,
]

private let providerActions: [any Action.Type] = [
  AddClientIDToOpenIDConnectProvider.self,
  CreateOpenIDConnectProvider.self,
  CreateSAMLProvider.self,
  DeleteOpenIDConnectProvider.self,
  DeleteSAMLProvider.self,
  GetOpenIDConnectProvider.self,
  GetSAMLProvider.self,
  ListOpenIDConnectProviders.self,
  ListSAMLProviders.self,
  RemoveClientIDFromOpenIDConnectProvider.self,
  UpdateOpenIDConnectProviderThumbprint.self,
  UpdateSAMLProvider.self,
]

private let accountActions: [any Action.Type] = [
  CreateAccountAlias.self,
  DeleteAccountAlias.self,
  DeleteAccountPasswordPolicy.self,
  GetAccountAuthorizationDetails.self,
  GetAccountPasswordPolicy.self,
  GetAccountSummary.self,
  ListAccountAliases.self,
  UpdateAccountPasswordPolicy.self,
]

private let federationActions: [any Action.Type] = [
  DisableOutboundTokenStatus.self,
  DisableOutboundTokenTransparency.self,
  DisableOutboundWebIdentityFederation.self,
  EnableOutboundTokenStatus.self,
  EnableOutboundTokenTransparency.self,
  EnableOutboundWebIdentityFederation.self,
  GetOutboundWebIdentityFederationInfo.self,
  ListOutboundSamlKeys.self,
  RevokeOutboundTokens.self,
  RotateOutboundSamlKey.self,
  ImportOutboundSigningKey.self,
  ListOutboundSigningKeys.self,
  ResumeOutboundIssuer.self,
  RevokeOutboundSigningKey.self,
  RotateOutboundSigningKey.self,
  SuspendOutboundIssuer.self,
]

private let federationConfigActions: [any Action.Type] = [
  CreateOutboundFederationConfig.self,
  DeleteOutboundFederationConfig.self,
  GetOutboundFederationConfig.self,
  GetOutboundFederationToken.self,
  ListOutboundFederationConfigs.self,
  UpdateOutboundFederationConfig.self,
]

private let simulationActions: [any Action.Type] = [
  GetContextKeysForCustomPolicy.self,
  GetContextKeysForPrincipalPolicy.self,
  SimulateCustomPolicy.self,
  SimulatePrincipalPolicy.self,
]

private let trailActions: [any Action.Type] = [
  AddTags.self,
  CreateTrail.self,
  DeleteTrail.self,
  DescribeTrails.self,
  GetEventSelectors.self,
  GetInsightSelectors.self,
  GetTrail.self,
  GetTrailStatus.self,
  ListPublicKeys.self,
  ListTags.self,
  ListTrails.self,
  LookupEvents.self,
  RemoveTags.self,
  StartLogging.self,
  StopLogging.self,
  UpdateTrail.self,
]

private let organizationPolicyActions: [any Action.Type] = [
  AttachOrganizationPolicy.self,
  CreateOrganizationPolicy.self,
  DeleteOrganizationPolicy.self,
  DescribeEffectivePolicy.self,
  DescribeOrganizationPolicy.self,
  DetachOrganizationPolicy.self,
  DisablePolicyType.self,
  EnablePolicyType.self,
  ListOrganizationPolicies.self,
  ListOrganizationPoliciesForTarget.self,
  ListTargetsForOrganizationPolicy.self,
  UpdateOrganizationPolicy.self,
]

private let organizationActions: [any Action.Type] = [
  CloseAccount.self,
  CreateAccount.self,
  CreateOrganization.self,
  CreateOrganizationalUnit.self,
  DeleteOrganization.self,
  DeleteOrganizationalUnit.self,
  DescribeAccount.self,
  DescribeCreateAccountStatus.self,
  DescribeOrganization.self,
  DescribeOrganizationalUnit.self,
  ListAWSServiceAccessForOrganization.self,
  ListAccounts.self,
  ListAccountsForParent.self,
  ListChildren.self,
  ListCreateAccountStatus.self,
  ListDelegatedAdministrators.self,
  ListOrganizationTags.self,
  ListOrganizationalUnitsForParent.self,
  ListParents.self,
  ListRoots.self,
  MoveAccount.self,
  RemoveAccountFromOrganization.self,
  TagOrganizationResource.self,
  UntagOrganizationResource.self,
  UpdateOrganizationalUnit.self,
]
