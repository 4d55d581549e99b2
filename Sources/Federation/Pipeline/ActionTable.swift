// SPDX-License-Identifier: Apache-2.0
//
// Every action that is served, one line each.

package import IdentityModel

/// Finds an action by service and name.
package struct ActionTable: Sendable {
  private let types: [ServiceName: [String: any Action.Type]]

  /// Holds `types`.
  package init(_ types: [any Action.Type]) {
    var table: [ServiceName: [String: any Action.Type]] = [:]
    for type in types { table[type.service, default: [:]][type.name] = type }
    self.types = table
  }

  /// The action `name` of `service`; names are case-sensitive.
  package subscript(_ service: ServiceName, _ name: String) -> (any Action.Type)? {
    types[service]?[name]
  }

  /// The names of all actions, by service.
  package var names: [ServiceName: [String]] { types.mapValues { $0.keys.sorted() } }

  /// Everything that Exeat serves.
  package static let all = ActionTable([
    GetAccessKeyInfo.self,
    GetCallerIdentity.self,
    GetWebIdentityToken.self,

    CreateAccessKey.self,
    CreateUser.self,
    DeleteAccessKey.self,
    DeleteUser.self,
    DeleteUserPolicy.self,
    DisableOutboundWebIdentityFederation.self,
    EnableOutboundWebIdentityFederation.self,
    GetOutboundWebIdentityFederationInfo.self,
    GetUser.self,
    GetUserPolicy.self,
    ListAccessKeys.self,
    ListUserPolicies.self,
    ListUsers.self,
    PutUserPolicy.self,
    UpdateAccessKey.self,
  ])
}
