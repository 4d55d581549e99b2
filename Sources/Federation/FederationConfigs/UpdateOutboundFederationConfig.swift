// SPDX-License-Identifier: Apache-2.0
//
// UpdateOutboundFederationConfig: what a call leaves out stays as it is. An action of this server beside AWS's own.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:UpdateOutboundFederationConfig`.
package struct UpdateOutboundFederationConfig: Action {
  package static let service = ServiceName.iam
  package static let name = "UpdateOutboundFederationConfig"
  package static let isReadOnly = false

  private let configName: String
  private let settings: FederationConfigSettings

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    var settings = FederationConfigSettings(&parameters)
    configName = FederationConfigRecord.readIdentifier(&parameters)
    try parameters.check()
    try settings.readSAML()
    try settings.requireTargetService()
    self.settings = settings
  }

  package var requestParameters: JSONValue? {
    .object(JSONObject([.init("name", .string(configName))] + settings.recorded))
  }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> ResourceTarget<FederationConfigRecord> {
    try await house.resource(FederationConfigRecord.self, configName, call)
  }

  /// SECURITY: policy is asked about the config as it is and as it would be, so that nobody takes over a config that is
  /// not theirs by making it into one that would be.
  package func questions(
    _ subject: ResourceTarget<FederationConfigRecord>,
    _ call: AuthenticatedCall
  ) -> [Question] {
    let action = "iam:UpdateOutboundFederationConfig"
    guard case .existing(let stored) = subject else { return [subject.question(action)] }
    let (before, after) = (stored.record, settings.applied(to: stored.record))
    return [before, after].map { subject.question(action, context: $0.conditionContext()) }
  }

  package func perform(
    _ call: AuthorizedCall<UpdateOutboundFederationConfig>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let stored = try call.subject.existing()
    var config = settings.applied(to: stored.record)
    try config.tokenType.require(signingAlgorithm: config.signingAlgorithm)
    try settings.applySAML(to: &config, now: call.now)
    config.lastUpdatedDate = call.now
    let keys = try await house.samlKeys(for: config, now: call.now)
    return try house.propose(after: keys) { change in
      try change.replace(stored, with: config, account: call.account)
      return config.answer
    }
  }
}
