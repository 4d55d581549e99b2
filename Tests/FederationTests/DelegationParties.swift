// SPDX-License-Identifier: Apache-2.0
//
// Who takes part in the tests of delegation: a cluster whose users are acted for, and the provider of the agents.

import Federation
import IdentityModel
import Testing

struct DelegationParties {
  static let agents = "agents.test"
  static let agentsARN = "arn:aws:iam::123456789012:oidc-provider/agents.test"
  static let user = "system:serviceaccount:ns:app"

  let server: TestServer
  let cluster: SealedSigningKey
  let agents: SealedSigningKey

  /// A role that lets the cluster's users in, and agents act for them under `condition`.
  static func trust(_ condition: String = "", users: String = "") -> String {
    """
    {"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Principal":{"Federated":"\(TestServer.clusterARN)"},
    "Action":"sts:AssumeRoleWithWebIdentity"\(users.isEmpty ? "" : ",\"Condition\":{\(users)}")},
    {"Effect":"Allow","Principal":{"Federated":"\(agentsARN)"},
    "Action":"sts:ActForSubject"\(condition.isEmpty ? "" : ",\"Condition\":{\(condition)}")}]}
    """
  }

  static func run(_ body: (TestServer, DelegationParties) async throws -> Void) async throws {
    try await TestServer.run { server in
      let cluster = try await server.registerProvider()
      let agents = try await server.registerProvider(Self.agents)
      try await body(server, DelegationParties(server: server, cluster: cluster, agents: agents))
    }
  }

  func user(_ more: String = "") async throws -> String {
    try await server.providerToken(cluster, more)
  }

  func agent(_ more: String = "", subject: String = "agent-1") async throws -> String {
    try await server.providerToken(agents, name: Self.agents, subject: subject, more)
  }
}
