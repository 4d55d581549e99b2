// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, SimulateCustomPolicy: what policies that nobody has yet would allow. Reads nothing of the account.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:SimulateCustomPolicy`.
package struct SimulateCustomPolicy: Action {
  package static let service = ServiceName.iam
  package static let name = "SimulateCustomPolicy"
  package static let isReadOnly = true

  private let simulation: PolicySimulation

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    simulation = try PolicySimulation(&parameters, requiresPolicies: true)
  }

  package var requestParameters: JSONValue? { .object(JSONObject(simulation.requestMembers)) }

  package func perform(
    _ call: AuthorizedCall<SimulateCustomPolicy>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    Proposal(result: try await simulation.results(PrincipalPolicies(), as: nil, call.authenticated))
  }
}
