// SPDX-License-Identifier: Apache-2.0
//
// AWS STS API, GetWebIdentityToken: a short-lived OIDC token for a service outside. What is to be claimed is decided
// here; how a claim is spelled is TokenFormats' business. Source: contract §1.2, §1.4–1.7, §1.9, §2.

package import AWSProtocols
package import IdentityModel
package import StrictJSON
import TokenFormats

/// `sts:GetWebIdentityToken`.
package struct GetWebIdentityToken: Action {
  package static let service = ServiceName.sts
  package static let name = "GetWebIdentityToken"
  package static let isReadOnly = false

  private let audience: [String]
  private let durationSeconds: Int?
  private let signingAlgorithm: SigningAlgorithm
  private let tags: [Tag]

  // What `DurationSeconds` is when it is left out: for the token and for policy alike.
  private static let defaultDurationSeconds = 300

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    audience = parameters.requiredStringList("Audience", count: 1...10, memberLength: 1...1000)
    durationSeconds = parameters.optionalInteger("DurationSeconds", 60...3600)
    let algorithm = parameters.requiredString("SigningAlgorithm", length: 5...5)
    tags = parameters.tagList()
    try parameters.check()
    guard let known = SigningAlgorithm(rawValue: algorithm) else {
      throw .validationError(
        "Requested SigningAlgorithm is not supported. See the GetWebIdentityToken documentation for supported "
          + "algorithms"
      )
    }
    signingAlgorithm = known
    try tags.requireDistinctKeys()
  }

  package var requestParameters: JSONValue? {
    var members = [JSONObject.Member("audience", .array(audience.map { .string($0) }))]
    if let durationSeconds { members.append(.init("durationSeconds", .integer(durationSeconds))) }
    members.append(.init("signingAlgorithm", .string(signingAlgorithm.rawValue)))
    if !tags.isEmpty { members.append(.init("tags", .tags(tags))) }
    return .object(JSONObject(members))
  }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> IssuerSubject
  {
    try await house.issuerSubject(of: call.account)
  }

  package func questions(_ subject: IssuerSubject, _ call: AuthenticatedCall) -> [Question] {
    let resource = ARN(service: "sts", account: call.account, resource: "self").description
    var context: [Question.ContextEntry] = [
      .init("sts:IdentityTokenAudience", values: audience),
      .init("sts:DurationSeconds", String(durationSeconds ?? Self.defaultDurationSeconds)),
      .init("sts:SigningAlgorithm", signingAlgorithm.rawValue),
    ]
    guard !tags.isEmpty else {
      return [Question(action: "sts:GetWebIdentityToken", resource: resource, context: context)]
    }
    context += tags.requestContext
    return [
      Question(action: "sts:GetWebIdentityToken", resource: resource, context: context),
      Question(action: "sts:TagGetWebIdentityToken", resource: resource, context: context),
    ]
  }

  package func perform(
    _ call: AuthorizedCall<GetWebIdentityToken>,
    _ house: House
  ) async throws(ServiceError) -> Proposal {
    let expiration = call.now.advanced(bySeconds: Int64(durationSeconds ?? Self.defaultDurationSeconds))
    // A token never outlives the session that asked; nothing is shortened in silence. Source: contract §1.5, §1.6.
    if let session = call.authenticated.caller.session, expiration > session.expiration {
      throw ServiceError(
        code: "SessionDurationEscalationException",
        httpStatus: 403,
        message: "Requested token expiry time must be before the original session's expiry time."
      )
    }
    guard let issuer = call.subject.issuer, issuer.stored.record.isEnabled else {
      throw ServiceError(
        code: "OutboundWebIdentityFederationDisabledException",
        httpStatus: 403,
        message: "OutboundWebIdentityFederation is disabled."
      )
    }
    guard let key = issuer.key(for: signingAlgorithm) else {
      throw house.diagnostics.serviceError(
        "find a signing key",
        StoreError.corrupted("no \(signingAlgorithm.rawValue) key of `\(call.account)`")
      )
    }
    let tokenID = house.entropy.uuid()
    let payload = claims(call, issuer, tokenID: tokenID, expiration: expiration).payload()
    guard payload.count <= WebIdentityTokenClaims.maximumPayloadBytes else {
      throw ServiceError(
        code: "JWTPayloadSizeExceededException",
        httpStatus: 400,
        message: "JWT payload exceeds maximum allowed size"
      )
    }
    let elements = JSONValue.object(
      JSONObject([
        .init("webIdentityTokenId", .string(tokenID)),
        .init("expiration", .string(expiration.cloudTrailElementForm)),
      ])
    )
    let answer: @Sendable (String) -> ResponseStructure = { token in
      ResponseStructure([
        "WebIdentityToken": .string(token), "Expiration": .timestamp(expiration, milliseconds: true),
      ])
    }
    if issuer.stored.record.promisesTransparency == true {
      let issuance = PromisedIssuance(payload: payload, key: key)
      return Proposal(result: nil, responseElements: elements, promised: (issuance, answer))
    }
    do {
      let token = try await house.tokenIssuer.issue(payload: payload, with: key)
      return Proposal(result: answer(token), responseElements: elements)
    } catch {
      throw house.diagnostics.serviceError("sign a token", error)
    }
  }

  private func claims(
    _ call: AuthorizedCall<GetWebIdentityToken>,
    _ issuer: Issuer,
    tokenID: String,
    expiration: Instant
  ) -> WebIdentityTokenClaims {
    let subject = call.principal.issuerARN.description
    let session = call.authenticated.caller.session
    let place = call.authenticated.caller.standing.membership?.place
    return WebIdentityTokenClaims(
      audience: audience,
      subject: subject,
      issuer: issuer.stored.record.issuer,
      expiration: expiration,
      issuedAt: call.now,
      tokenID: tokenID,
      aws: AWSClaims(
        account: call.account,
        sourceRegion: call.authenticated.region,
        principalID: subject,
        principalTags: call.principal.tags,
        requestTags: tags,
        originalSessionExpiration: session?.expiration,
        orgID: place?.organizationID,
        ouPath: place.map { [$0.path] },
        federatedProvider: session?.webIdentity?.provider,
        sourceIdentity: session?.sourceIdentity
      )
    )
  }
}
