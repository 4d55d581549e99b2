// SPDX-License-Identifier: Apache-2.0
//
// GetOutboundFederationConfig: a config with its tags. An action of this server beside AWS's own.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:GetOutboundFederationConfig`.
package struct GetOutboundFederationConfig: Action {
  package static let service = ServiceName.iam
  package static let name = "GetOutboundFederationConfig"
  package static let isReadOnly = true

  private let configName: String

  package init(_ parameters: inout ParameterReader) {
    configName = FederationConfigRecord.readIdentifier(&parameters)
  }

  package var requestParameters: JSONValue? { .strings(["name": configName]) }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> ResourceTarget<FederationConfigRecord> {
    try await house.resource(FederationConfigRecord.self, configName, call)
  }

  package func questions(
    _ subject: ResourceTarget<FederationConfigRecord>,
    _ call: AuthenticatedCall
  ) -> [Question] {
    [subject.question("iam:GetOutboundFederationConfig")]
  }

  package func perform(
    _ call: AuthorizedCall<GetOutboundFederationConfig>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    Proposal(result: try call.subject.existing().record.answer.result)
  }
}
