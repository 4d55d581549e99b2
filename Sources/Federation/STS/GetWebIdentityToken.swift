// SPDX-License-Identifier: Apache-2.0
//
// AWS STS API, GetWebIdentityToken: a short-lived OIDC token for a service outside. What is asked for is decided here;
// how it is issued is the business of Tokens. Source: contract §1.2, §1.4, §1.5, §1.9.

package import AWSProtocols
package import IdentityModel
package import StrictJSON

/// `sts:GetWebIdentityToken`.
package struct GetWebIdentityToken: IssuerAction {
  package static let service = ServiceName.sts
  package static let name = "GetWebIdentityToken"
  package static let isReadOnly = false

  private let audience: [String]
  private let durationSeconds: Int?
  private let signingAlgorithm: SigningAlgorithm
  private let tags: [Tag]
  /// Who acts for the caller, whom no parameter names: the token endpoint knows it.
  var delegation: Delegation?

  /// What `DurationSeconds` is when it is left out, for the token and for policy alike.
  var defaultDurationSeconds = 300

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

  package func questions(_ subject: IssuerSubject, _ call: AuthenticatedCall) -> [Question] {
    let resource = ARN(service: "sts", account: call.account, resource: "self").description
    var context: [Question.ContextEntry] = [
      .init("sts:IdentityTokenAudience", values: audience),
      .init("sts:DurationSeconds", String(seconds)),
      .init("sts:SigningAlgorithm", signingAlgorithm.rawValue),
    ]
    context += delegation?.contextEntries ?? []
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
    try await propose(call, house) { token, expiration in
      ResponseStructure([
        "WebIdentityToken": .string(token), "Expiration": .timestamp(expiration, milliseconds: true),
      ])
    }
  }

  /// How long the token is to live.
  ///
  /// Unit: seconds.
  var seconds: Int { durationSeconds ?? defaultDurationSeconds }

  /// The proposal that issues the token, with `elements` in its record, and `answer` around the token and its end.
  func propose(
    _ call: AuthorizedCall<GetWebIdentityToken>,
    _ house: House,
    recording elements: [JSONObject.Member] = [],
    answer: @escaping @Sendable (String, Instant) -> ResponseStructure
  ) async throws(ServiceError) -> Proposal {
    let expiration = try call.tokenExpiration(afterSeconds: seconds)
    let issuer = try call.subject.issuing()
    let token = WebIdentityToken(
      audience: audience,
      requestTags: tags,
      actors: delegation?.chain,
      algorithm: signingAlgorithm,
      expiration: expiration
    )
    return try await house.issue(token, from: issuer, to: call, recording: elements) { token in
      answer(token, expiration)
    }
  }
}
