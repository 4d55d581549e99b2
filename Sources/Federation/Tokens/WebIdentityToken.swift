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
  /// Who acts for the principal, and who did before.
  var actors: ActorChain?
  /// With which of the issuer's keys it is signed.
  let algorithm: SigningAlgorithm
  /// When it ends.
  let expiration: Instant
}

/// To whom a token is issued: what it says of its subject.
struct TokenBearer: Sendable {
  /// The principal.
  let principal: Principal
  /// The session; `nil` for a user or root.
  let session: Session?
  /// Where the account stands; `nil` when it is in no organization.
  let place: OrganizationPlace?
  /// The region that was called.
  let region: Region
  /// When the request arrived.
  let now: Instant
}

extension House {
  /// The proposal that issues `token` to the caller of `call`, which policy allowed.
  func issue<A: Action>(
    _ token: WebIdentityToken,
    from issuer: Issuer,
    to call: AuthorizedCall<A>,
    recording elements: [JSONObject.Member] = [],
    answer: @escaping @Sendable (String) -> ResponseStructure
  ) async throws(ServiceError) -> Proposal {
    let caller = call.authenticated.caller
    let bearer = TokenBearer(
      principal: call.principal,
      session: caller.session,
      place: caller.standing.membership?.place,
      region: call.authenticated.region,
      now: call.now
    )
    return try await issue(token, from: issuer, to: bearer, recording: elements, answer: answer)
  }

  /// The proposal that issues `token`.
  ///
  /// - Parameters:
  ///   - token: what is to be claimed.
  ///   - issuer: the issuer of the bearer's account.
  ///   - bearer: whom policy allowed the token.
  ///   - elements: what the record says of the token besides its id and its end.
  ///   - answer: the answer with the token.
  /// - Returns: the proposal, with the token or, when the account wants it to carry the log's promise, without.
  /// - Throws: JWTPayloadSizeExceededException 400; 5xx when nothing can be signed.
  func issue(
    _ token: WebIdentityToken,
    from issuer: Issuer,
    to bearer: TokenBearer,
    recording elements: [JSONObject.Member] = [],
    answer: @escaping @Sendable (String) -> ResponseStructure
  ) async throws(ServiceError) -> Proposal {
    let key = try await signingKey(token.algorithm, of: issuer, at: bearer.now)
    let tokenID = entropy.tokenID(at: bearer.now)
    let status = try await statusReference(issuer.stored.record, bearer.now)
    let payload = claims(of: token, tokenID: tokenID, status, issuer, bearer).payload()
    guard payload.count <= WebIdentityTokenClaims.maximumPayloadBytes else {
      throw ServiceError(
        code: "JWTPayloadSizeExceededException",
        httpStatus: 400,
        message: "JWT payload exceeds maximum allowed size"
      )
    }
    var recorded: [JSONObject.Member] = [
      .init("webIdentityTokenId", .string(tokenID)),
      .init("expiration", .string(token.expiration.cloudTrailElementForm)),
    ]
    if let status {
      recorded.append(.init("statusListIndex", .integer(status.index)))
      recorded.append(.init("statusListUri", .string(status.uri)))
    }
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

  /// The token's place in a status list; `nil` when the account wants none.
  private func statusReference(
    _ issuer: IssuerRecord,
    _ now: Instant
  ) async throws(ServiceError) -> StatusListReference? {
    guard issuer.tokensHaveStatus == true else { return nil }
    do {
      return try await statusIndexes.next(of: issuer, now: now)
    } catch {
      throw diagnostics.serviceError("reserve a place in a status list", error)
    }
  }

  private func claims(
    of token: WebIdentityToken,
    tokenID: String,
    _ status: StatusListReference?,
    _ issuer: Issuer,
    _ bearer: TokenBearer
  ) -> WebIdentityTokenClaims {
    let subject = bearer.principal.issuerARN.description
    let session = bearer.session
    let place = bearer.place
    return WebIdentityTokenClaims(
      audience: token.audience,
      subject: subject,
      issuer: issuer.stored.record.issuer,
      expiration: token.expiration,
      issuedAt: bearer.now,
      tokenID: tokenID,
      aws: AWSClaims(
        account: bearer.principal.account,
        sourceRegion: bearer.region,
        principalID: subject,
        principalTags: bearer.principal.tags,
        requestTags: token.requestTags,
        originalSessionExpiration: session?.expiration,
        orgID: place?.organizationID,
        ouPath: place.map { [$0.path] },
        federatedProvider: session?.webIdentity?.provider,
        sourceIdentity: session?.sourceIdentity
      ),
      actors: token.actors,
      status: status
    )
  }
}
