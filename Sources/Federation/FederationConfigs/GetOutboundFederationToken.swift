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
  private let holderOfKey: HolderOfKeyParameters

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    durationSeconds = parameters.optionalInteger("DurationSeconds", 60...43_200)
    configName = parameters.requiredString(
      "FederationConfigName",
      length: FederationConfigRecord.nameLength,
      pattern: .name
    )
    holderOfKey = try HolderOfKeyParameters(&parameters)
  }

  package var requestParameters: JSONValue? {
    var members = [JSONObject.Member("federationConfigName", .string(configName))]
    if let durationSeconds { members.append(.init("durationSeconds", .integer(durationSeconds))) }
    members += JSONObject.Member.digestIfPresent(
      "holderOfKeyCertificate",
      holderOfKey.recordedCertificate,
      beyond: SAMLParameters.maximumRecordedCertificate
    )
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
      context = stored.record.conditionContext(durationSeconds: seconds(of: stored.record, call))
    }
    return [subject.config.question("iam:GetOutboundFederationToken", context: context)]
  }

  package func perform(
    _ call: AuthorizedCall<GetOutboundFederationToken>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let config = try call.subject.config.existing().record
    let duration = seconds(of: config, call.authenticated)
    guard duration <= config.duration else {
      throw .validationError(
        "The requested DurationSeconds exceeds the Duration set for this federation config: \(config.duration)"
      )
    }
    let expiration = try call.tokenExpiration(afterSeconds: duration)
    let issuer = try call.subject.issuer.issuing()
    switch config.tokenType {
    case .oidc:
      guard !holderOfKey.isPresent else {
        throw .validationError("HolderOfKeyCertificate is only for federation configs of TokenType SAML")
      }
      return try await oidcToken(of: config, until: expiration, from: issuer, call, house)
    case .saml:
      return try await samlToken(of: config, until: expiration, from: issuer, call, house)
    }
  }

  /// How long the token is to live: as asked for, or as long as the config lets it and the session lasts.
  ///
  /// Never less than a minute: of a session that ends sooner nothing is issued.
  private func seconds(of config: FederationConfigRecord, _ call: AuthenticatedCall) -> Int {
    if let durationSeconds { return durationSeconds }
    guard let session = call.caller.session else { return config.duration }
    let remaining = (session.expiration.milliseconds - call.now.milliseconds) / 1000
    return min(config.duration, max(60, Int(remaining)))
  }

  private func samlToken(
    of config: FederationConfigRecord,
    until expiration: Instant,
    from issuer: Issuer,
    _ call: AuthorizedCall<GetOutboundFederationToken>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    guard let settings = config.saml else {
      throw house.diagnostics.serviceError(
        "issue an assertion",
        StoreError.corrupted("FederationConfig `\(config.arn)`: no SAML settings")
      )
    }
    let issued = try await house.issue(
      AssertionRequest(
        config: config,
        settings: settings,
        call: call.authenticated,
        issuer: issuer,
        isForTokenEndpoint: house.isTokenEndpoint(config.targetService),
        expiration: expiration,
        holderKey: try holderOfKey.provenKey(
          issuer: samlEntityID(of: issuer.stored.record),
          config: config.arn,
          call.authenticated
        )
      )
    )
    var result = config.tokenResponse(issued.token, until: expiration)
    result.append("SamlForm", .string(settings.form))
    let recorded: [JSONObject.Member] = [
      .init("webIdentityTokenId", .string(issued.id)),
      .init("expiration", .string(expiration.cloudTrailElementForm)),
    ]
    return Proposal(
      result: result,
      responseElements: .object(JSONObject(recorded + config.recordedOfToken))
    )
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
      recording: config.recordedOfToken
    ) { token in
      config.tokenResponse(token, until: expiration)
    }
  }
}

extension FederationConfigRecord {
  /// What the record of a token says of the config.
  fileprivate var recordedOfToken: [JSONObject.Member] {
    [
      .init("tokenType", .string(tokenType.rawValue)), .init("targetService", .string(targetService)),
      .init("audience", .string(audience)),
    ]
  }

  /// The answer with a token of the config.
  fileprivate func tokenResponse(_ token: String, until expiration: Instant) -> ResponseStructure {
    ResponseStructure([
      "Token": .string(token), "TokenType": .string(tokenType.rawValue),
      "TargetService": .string(targetService), "Audience": .string(audience),
      "Expiration": .timestamp(expiration, milliseconds: true),
    ])
  }
}
