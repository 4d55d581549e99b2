// SPDX-License-Identifier: Apache-2.0
//
// AWS IAM API, SimulatePrincipalPolicy: what the policies of a user, a group or a role allow, with others beside them.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:SimulatePrincipalPolicy`.
package struct SimulatePrincipalPolicy: Action {
  package static let service = ServiceName.iam
  package static let name = "SimulatePrincipalPolicy"
  package static let isReadOnly = true

  private let simulation: PolicySimulation
  private let policySourceARN: String

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    policySourceARN = parameters.requiredString("PolicySourceArn", length: 20...2048)
    simulation = try PolicySimulation(&parameters, requiresPolicies: false)
  }

  package var requestParameters: JSONValue? {
    .object(JSONObject([.init("policySourceArn", .string(policySourceARN))] + simulation.requestMembers))
  }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> PolicySource {
    try await house.policySource(policySourceARN, call)
  }

  package func questions(_ subject: PolicySource, _ call: AuthenticatedCall) -> [Question] {
    [
      Question(
        action: "iam:SimulatePrincipalPolicy",
        resource: policySourceARN,
        context: subject.tagContext
      )
    ]
  }

  package func perform(
    _ call: AuthorizedCall<SimulatePrincipalPolicy>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let loaded = try await house.policies(of: call.subject)
    return Proposal(
      result: try await simulation.results(
        loaded,
        as: call.subject.principal,
        in: call.authenticated.caller.standing.membership,
        call.authenticated
      )
    )
  }
}
