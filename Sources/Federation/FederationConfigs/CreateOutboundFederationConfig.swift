// SPDX-License-Identifier: Apache-2.0
//
// CreateOutboundFederationConfig: a name for a service outside and for the tokens that it takes. An action of this server
// beside AWS's own. Source: contract exeat.md, "Federation configs".

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:CreateOutboundFederationConfig`.
package struct CreateOutboundFederationConfig: Action {
  package static let service = ServiceName.iam
  package static let name = "CreateOutboundFederationConfig"
  package static let isReadOnly = false

  private let configName: String
  private let tokenType: FederationTokenType
  private let targetService: String
  private let audience: String
  private let settings: FederationConfigSettings
  private let tags: [Tag]

  // The duration when it is left out.
  private static let defaultDuration = 3600

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    var settings = FederationConfigSettings(&parameters)
    configName = parameters.requiredString("Name", length: 1...128, pattern: .name)
    tags = parameters.tagList()
    let type = parameters.requiredChoice("TokenType", of: FederationTokenType.allCases.map(\.rawValue))
    try parameters.check()
    tokenType = FederationTokenType(rawValue: type) ?? .oidc
    switch tokenType {
    case .oidc: try settings.requireNoSAML()
    case .saml: try settings.readSAML()
    }
    let (targetService, audience) =
      (settings.saml?.targetService ?? settings.targetService, settings.saml?.audience ?? settings.audience)
    guard let targetService, let audience else {
      throw .missing(
        (audience == nil ? ["audience"] : []) + (targetService == nil ? ["targetService"] : [])
      )
    }
    self.targetService = targetService
    self.audience = audience
    self.settings = settings
    try settings.requireTargetService()
    try settings.saml?.applied().checkAssertion(targetService: targetService, audience: audience)
    if let algorithm = settings.signingAlgorithm { try tokenType.require(signingAlgorithm: algorithm) }
    try tags.requireTaggable()
  }

  package var requestParameters: JSONValue? {
    var members = [
      JSONObject.Member("name", .string(configName)),
      JSONObject.Member("tokenType", .string(tokenType.rawValue)),
    ]
    members += settings.recorded
    if !tags.isEmpty { members.append(.init("tags", .tags(tags))) }
    return .object(JSONObject(members))
  }

  package func questions(_ subject: NoSubject, _ call: AuthenticatedCall) -> [Question] {
    let config = config(of: call.account, now: call.now)
    let context = config.conditionContext() + tags.requestContext
    var actions = ["iam:CreateOutboundFederationConfig"]
    if !tags.isEmpty { actions.append("iam:TagOutboundFederationConfig") }
    return actions.map { Question(action: $0, resource: config.arn.description, context: context) }
  }

  package func perform(
    _ call: AuthorizedCall<CreateOutboundFederationConfig>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let id = FederationConfigRecord.id(call.account, configName)
    guard try await house.read({ try await $0.record(FederationConfigRecord.self, at: id) }) == nil else {
      throw .entityAlreadyExists("Outbound federation config \(configName) already exists.")
    }
    let room = try await house.room(for: FederationConfigRecord.self, .federationConfigs, in: call.account)
    var config = config(of: call.account, now: call.now)
    try settings.applySAML(to: &config, now: call.now)
    let keys = try await house.samlKeys(for: config, now: call.now)
    return try house.propose(after: keys) { change in
      try change.create(config, id: id, account: call.account)
      try room.take(in: &change)
      return config.answer
    }
  }

  private func config(of account: AccountID, now: Instant) -> FederationConfigRecord {
    settings.applied(
      to: FederationConfigRecord(
        account: account,
        name: configName,
        targetService: targetService,
        tokenType: tokenType,
        audience: audience,
        duration: Self.defaultDuration,
        signingAlgorithm: tokenType.signingAlgorithms[0],
        description: nil,
        saml: nil,
        tags: tags,
        createDate: now,
        lastUpdatedDate: now
      )
    )
  }
}

extension ServiceError {
  /// ValidationError for parameters that must be sent, in the words of the parameter reader.
  fileprivate static func missing(_ names: [String]) -> ServiceError {
    let violations = names.map { name in
      "Value null at '\(name)' failed to satisfy constraint: Member must not be null"
    }
    let count = violations.count == 1 ? "1 validation error" : "\(violations.count) validation errors"
    return .validationError("\(count) detected: \(violations.joined(separator: "; "))")
  }
}
