// SPDX-License-Identifier: Apache-2.0
//
// An OIDC token from what was decided to its proposal: claims about the caller, size, key, promise, record. The one place
// for every action that issues one. Source: contract §1.7, §2.

import AWSProtocols
import IdentityModel
import StrictJSON
import TokenFormats

/// What is to be claimed besides who the caller is.
struct WebIdentityToken {
  /// The audiences, in order.
  let audience: [String]
  /// The tags of the call.
  var requestTags: [Tag] = []
  /// With which of the issuer's keys it is signed.
  let algorithm: SigningAlgorithm
  /// When it ends.
  let expiration: Instant
}

extension House {
  /// The proposal that issues `token` to the caller of `call`.
  ///
  /// - Parameters:
  ///   - token: what is to be claimed.
  ///   - issuer: the issuer of the caller's account.
  ///   - call: the call, which policy allowed.
  ///   - elements: what the record says of the token besides its id and its end.
  ///   - answer: the answer with the token.
  /// - Returns: the proposal, with the token or, when the account wants it to carry the log's promise, without.
  /// - Throws: JWTPayloadSizeExceededException 400; 5xx when nothing can be signed.
  func issue<A: Action>(
    _ token: WebIdentityToken,
    from issuer: Issuer,
    to call: AuthorizedCall<A>,
    recording elements: [JSONObject.Member] = [],
    answer: @escaping @Sendable (String) -> ResponseStructure
  ) async throws(ServiceError) -> Proposal {
    let key = try await signingKey(token.algorithm, of: issuer, at: call.now)
    let tokenID = entropy.uuid()
    let payload = claims(of: token, tokenID: tokenID, issuer, call).payload()
    guard payload.count <= WebIdentityTokenClaims.maximumPayloadBytes else {
      throw ServiceError(
        code: "JWTPayloadSizeExceededException",
        httpStatus: 400,
        message: "JWT payload exceeds maximum allowed size"
      )
    }
    let recorded: [JSONObject.Member] = [
      .init("webIdentityTokenId", .string(tokenID)),
      .init("expiration", .string(token.expiration.cloudTrailElementForm)),
    ]
    let responseElements = JSONValue.object(JSONObject(recorded + elements))
    if issuer.stored.record.promisesTransparency == true {
      let issuance = PromisedIssuance(payload: payload, key: key)
      return Proposal(result: nil, responseElements: responseElements, promised: (issuance, answer))
    }
    do {
      let token = try await tokenIssuer.issue(payload: payload, with: key)
      return Proposal(result: answer(token), responseElements: responseElements)
    } catch {
      throw diagnostics.serviceError("sign a token", error)
    }
  }

  private func claims<A: Action>(
    of token: WebIdentityToken,
    tokenID: String,
    _ issuer: Issuer,
    _ call: AuthorizedCall<A>
  ) -> WebIdentityTokenClaims {
    let subject = call.principal.issuerARN.description
    let session = call.authenticated.caller.session
    let place = call.authenticated.caller.standing.membership?.place
    return WebIdentityTokenClaims(
      audience: token.audience,
      subject: subject,
      issuer: issuer.stored.record.issuer,
      expiration: token.expiration,
      issuedAt: call.now,
      tokenID: tokenID,
      aws: AWSClaims(
        account: call.account,
        sourceRegion: call.authenticated.region,
        principalID: subject,
        principalTags: call.principal.tags,
        requestTags: token.requestTags,
        originalSessionExpiration: session?.expiration,
        orgID: place?.organizationID,
        ouPath: place.map { [$0.path] },
        federatedProvider: session?.webIdentity?.provider,
        sourceIdentity: session?.sourceIdentity
      )
    )
  }
}
