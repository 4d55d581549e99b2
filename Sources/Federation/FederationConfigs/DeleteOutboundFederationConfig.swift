// SPDX-License-Identifier: Apache-2.0
//
// DeleteOutboundFederationConfig: from now on nobody gets a token by this name. An action of this server beside AWS's own.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:DeleteOutboundFederationConfig`: no more tokens; those that were issued stay valid until they expire.
package struct DeleteOutboundFederationConfig: Action {
  package static let service = ServiceName.iam
  package static let name = "DeleteOutboundFederationConfig"
  package static let isReadOnly = false

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
    [subject.question("iam:DeleteOutboundFederationConfig")]
  }

  package func perform(
    _ call: AuthorizedCall<DeleteOutboundFederationConfig>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let config = try call.subject.existing()
    return try house.propose { change in
      change.delete(config)
      return (nil, nil)
    }
  }
}
