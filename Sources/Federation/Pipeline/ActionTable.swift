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
    federatedTypes[service]?[name]
  }

  /// The action `name` of `service`; names are case-sensitive.
  package subscript(_ service: ServiceName, _ name: String) -> (any Action.Type)? {
    types[service]?[name]
  }

  /// The names of all actions, by service.
  package var names: [ServiceName: [String]] {
    let federatedNames = federatedTypes.mapValues { Array($0.keys) }
    return types.mapValues { Array($0.keys) }.merging(federatedNames, uniquingKeysWith: +)
      .mapValues { $0.sorted() }
  }

  /// Everything that Exeat serves.
  package static let all = ActionTable(
    stsActions + userActions + accessKeyActions + groupActions + roleActions + instanceProfileActions
      + policyActions + providerActions + accountActions + federationActions + simulationActions,
    federated: [AssumeRoleWithWebIdentity.self]
  )
}

private let stsActions: [any Action.Type] = [
  GetAccessKeyInfo.self,
  GetCallerIdentity.self,
  GetWebIdentityToken.self,
]

private let userActions: [any Action.Type] = [
  CreateUser.self,
  DeleteUser.self,
  DeleteUserPolicy.self,
  GetUser.self,
  GetUserPolicy.self,
  ListUserPolicies.self,
  ListUsers.self,
  PutUserPolicy.self,
]

private let accessKeyActions: [any Action.Type] = [
  CreateAccessKey.self,
  DeleteAccessKey.self,
  ListAccessKeys.self,
  UpdateAccessKey.self,
]

private let groupActions: [any Action.Type] = []

private let roleActions: [any Action.Type] = []

private let instanceProfileActions: [any Action.Type] = []

private let policyActions: [any Action.Type] = []

private let providerActions: [any Action.Type] = []

private let accountActions: [any Action.Type] = []

private let federationActions: [any Action.Type] = [
  DisableOutboundWebIdentityFederation.self,
  EnableOutboundWebIdentityFederation.self,
  GetOutboundWebIdentityFederationInfo.self,
]

private let simulationActions: [any Action.Type] = []
