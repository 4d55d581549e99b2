// SPDX-License-Identifier: Apache-2.0
//
// GetOutboundFederationToken: a token for the service that a federation config names. An action of this server beside
// AWS's own; OIDC tokens are those of sts:GetWebIdentityToken. Source: contract exeat.md, "Federation configs".

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `iam:GetOutboundFederationToken`.
package struct GetOutboundFederationToken: Action {
  package static let service = ServiceName.iam
  package static let name = "GetOutboundFederationToken"
  package static let isReadOnly = false

  private let configName: String
  private let durationSeconds: Int?

  package init(_ parameters: inout ParameterReader) {
    durationSeconds = parameters.optionalInteger("DurationSeconds", 60...43_200)
    configName = parameters.requiredString(
      "FederationConfigName",
      length: FederationConfigRecord.nameLength,
      pattern: .name
    )
  }

  package var requestParameters: JSONValue? {
    var members = [JSONObject.Member("federationConfigName", .string(configName))]
    if let durationSeconds { members.append(.init("durationSeconds", .integer(durationSeconds))) }
    return .object(JSONObject(members))
  }

  package func subject(
    _ call: AuthenticatedCall,
    _ house: House
  ) async throws(ServiceError) -> FederationTokenSubject {
    FederationTokenSubject(
      config: try await house.resource(FederationConfigRecord.self, configName, call),
      issuer: try await house.issuerSubject(of: call.account)
    )
  }

  package func questions(_ subject: FederationTokenSubject, _ call: AuthenticatedCall) -> [Question] {
    var context: [Question.ContextEntry] = []
    if case .existing(let stored) = subject.config {
      context = stored.record.conditionContext(durationSeconds: durationSeconds)
    }
    return [subject.config.question("iam:GetOutboundFederationToken", context: context)]
  }

  package func perform(
    _ call: AuthorizedCall<GetOutboundFederationToken>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let config = try call.subject.config.existing().record
    let duration = durationSeconds ?? config.duration
    guard duration <= config.duration else {
      throw .validationError(
        "The requested DurationSeconds exceeds the Duration set for this federation config: \(config.duration)"
      )
    }
    let expiration = try call.tokenExpiration(afterSeconds: duration)
    let issuer = try call.subject.issuer.issuing()
    switch config.tokenType {
    case .oidc:
      return try await oidcToken(of: config, until: expiration, from: issuer, call, house)
    case .saml:
      throw .validationError("TokenType SAML is not supported yet.")
    }
  }

  private func oidcToken(
    of config: FederationConfigRecord,
    until expiration: Instant,
    from issuer: Issuer,
    _ call: AuthorizedCall<GetOutboundFederationToken>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    guard let algorithm = SigningAlgorithm(rawValue: config.signingAlgorithm) else {
      throw house.diagnostics.serviceError(
        "issue a token",
        StoreError.corrupted("FederationConfig `\(config.arn)`: `\(config.signingAlgorithm)`")
      )
    }
    let token = WebIdentityToken(audience: [config.audience], algorithm: algorithm, expiration: expiration)
    return try await house.issue(
      token,
      from: issuer,
      to: call,
      recording: [
        .init("tokenType", .string(config.tokenType.rawValue)),
        .init("targetService", .string(config.targetService)),
        .init("audience", .string(config.audience)),
      ]
    ) { token in
      ResponseStructure([
        "Token": .string(token), "TokenType": .string(config.tokenType.rawValue),
        "TargetService": .string(config.targetService), "Audience": .string(config.audience),
        "Expiration": .timestamp(expiration, milliseconds: true),
      ])
    }
  }
}
