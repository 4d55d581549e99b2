// SPDX-License-Identifier: Apache-2.0
//
// RevokeOutboundTokens: marks tokens of the account as revoked in its status lists, one by its id, those of a principal, or
// all that were issued before a time. An action of this server beside AWS's own. Source: docs/decisions/0026.

package import AWSProtocols
package import IdentityModel
package import StrictJSON
import TokenFormats

/// `iam:RevokeOutboundTokens`.
package struct RevokeOutboundTokens: IssuerAction {
  package static let service = ServiceName.iam
  package static let name = "RevokeOutboundTokens"
  package static let isReadOnly = false

  private enum Selection: Sendable {
    case tokenID(String)
    case principal(String)
    case issuedBefore(Instant)
  }

  private let selection: Selection

  package init(_ parameters: inout ParameterReader) throws(ServiceError) {
    let issuedBefore = parameters.optionalTimestamp("IssuedBefore")
    let principal = parameters.optionalString("PrincipalArn", length: 20...2048)
    let tokenID = parameters.optionalString("TokenId", length: 1...128)
    try parameters.check()
    switch (tokenID, principal, issuedBefore) {
    case (let tokenID?, nil, nil): selection = .tokenID(tokenID)
    case (nil, let principal?, nil):
      guard let parts = ARN(principal)?.parts, parts[1] == "aws", parts[2] == "iam" || parts[2] == "sts",
        !parts[5].isEmpty
      else { throw .validationError("\(principal) is invalid") }
      selection = .principal(principal)
    case (nil, nil, let issuedBefore?): selection = .issuedBefore(issuedBefore)
    default: throw .validationError("Exactly one of TokenId, PrincipalArn and IssuedBefore must be given")
    }
  }

  package var requestParameters: JSONValue? {
    switch selection {
    case .tokenID(let tokenID): .strings(["tokenId": tokenID])
    case .principal(let arn): .strings(["principalArn": arn])
    case .issuedBefore(let instant): .strings(["issuedBefore": instant.rfc3339])
    }
  }

  package func subject(_ call: AuthenticatedCall, _ house: House) async throws(ServiceError) -> IssuerSubject
  {
    // Of another account nobody has tokens of this one: a slip must not look like a revocation.
    if case .principal(let arn) = selection,
      ARN(arn).map({ !$0.parts[4].utf8.elementsEqual(call.account.description.utf8) }) ?? true
    {
      throw .validationError("\(arn) is not of this account")
    }
    return try await house.issuerSubject(of: call.account)
  }

  package func perform(_ call: AuthorizedCall<Self>, _ house: House) async throws(ServiceError) -> Proposal {
    // Also of an issuer that is off: what it issued is out there.
    guard let issuer = call.subject.issuer?.stored.record else {
      throw ServiceError(
        code: "FeatureDisabled",
        httpStatus: 404,
        message: "Outbound identity federation was never enabled for account \(call.account)"
      )
    }
    let chosen = try await choose(issuer, call, house)
    let change: Change
    let count: Int
    do {
      (change, count) = try await house.revoking(chosen.places, of: issuer, at: call.now)
    } catch {
      throw house.diagnostics.serviceError("revoke tokens", error)
    }
    let revokedBefore = chosen.places.count - count
    // Only where nothing was left to do: a call that is sent twice is told when it was done.
    let date: Instant? =
      if count == 0, revokedBefore > 0 {
        try await house.dateOfRevocation(
          of: chosen.token,
          requestParameters,
          account: call.account,
          since: earliest(call.now),
          now: call.now
        )
      } else {
        nil
      }
    return Proposal(
      change: change,
      result: ResponseStructure([
        "RevokedTokenCount": .integer(Int64(count)),
        "AlreadyRevokedTokenCount": .integer(Int64(revokedBefore)),
        "AlreadyRevokedDate": date.map { .timestamp($0, milliseconds: false) },
        "TokensWithoutStatusCount": .integer(Int64(chosen.withoutStatus)),
      ]),
      responseElements: .object(
        JSONObject([
          .init("revokedTokenCount", .integer(count)),
          .init("alreadyRevokedTokenCount", .integer(revokedBefore)),
          .init("tokensWithoutStatusCount", .integer(chosen.withoutStatus)),
        ])
      ),
      changesStatusLists: issuer.issuerID
    )
  }

  /// From when on tokens are looked for: what is older has expired, whoever accepts it.
  private func earliest(_ now: Instant) -> Instant {
    now.advanced(bySeconds: -StatusLists.longestTokenSeconds)
  }

  private func choose(
    _ issuer: IssuerRecord,
    _ call: AuthorizedCall<Self>,
    _ house: House
  ) async throws(ServiceError) -> (places: Set<StatusPlace>, withoutStatus: Int, token: IssuedToken?) {
    let start = earliest(call.now)
    var places: Set<StatusPlace> = []
    var withoutStatus = 0
    var token: IssuedToken?
    func take(_ one: IssuedToken) {
      if let status = one.status,
        let place = StatusPlace(index: status.index, uri: status.uri, of: issuer.issuer)
      {
        places.insert(place)
      } else {
        withoutStatus += 1
      }
    }
    switch selection {
    case .tokenID(let tokenID):
      let found = try await house.issuedToken(tokenID, of: call.account, since: start, now: call.now)
      guard let found else {
        throw .noSuchEntity("No token with the id \(tokenID) was issued in the last 12 hours.")
      }
      guard found.status != nil else { throw .withoutStatus(found) }
      token = found
      take(found)
    case .principal(let arn):
      try await house.eachIssuedToken(of: call.account, from: start, through: call.now) { issued in
        if issued.isOf(arn) { take(issued) }
        return true
      }
    case .issuedBefore(let instant):
      guard instant <= call.now else { throw .validationError("IssuedBefore must not be in the future") }
      try await house.eachIssuedToken(of: call.account, from: start, through: instant) { issued in
        if issued.issuedAt < instant { take(issued) }
        return true
      }
    }
    return (places, withoutStatus, token)
  }
}

extension ServiceError {
  /// 400: what was issued without a place in a list cannot be marked in one.
  fileprivate static func withoutStatus(_ token: IssuedToken) -> ServiceError {
    .invalidInput(
      token.isSAML
        ? "\(token.tokenID) is a SAML assertion, which has no place in a status list: it is valid until it expires."
        : "The token \(token.tokenID) was issued while token status was off and has no place in a status list: it is "
          + "valid until it expires, or until the key that signed it is revoked."
    )
  }
}

extension House {
  /// The change that revokes the tokens at `places`, and how many of them were not revoked before.
  ///
  /// Pages of lists that are served no more go with it.
  fileprivate func revoking(
    _ places: Set<StatusPlace>,
    of issuer: IssuerRecord,
    at now: Instant
  ) async throws -> (Change, Int) {
    var change = Change()
    var count = 0
    let allocation = try await statusIndexes.allocation(of: issuer.issuerID)
    let pages = Dictionary(grouping: places) { StatusListPageRecord.id(issuer.issuerID, $0) }
    for (id, places) in pages.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      let stored = try await directory.record(StatusListPageRecord.self, at: id)
      guard var statuses = try stored?.statuses() ?? StatusList(count: StatusLists.page, bits: 1) else {
        continue
      }
      let fresh = places.filter { statuses.status(at: $0.indexInPage) == StatusList.valid }
      guard !fresh.isEmpty else { continue }
      for place in fresh { statuses.set(StatusList.invalid, at: place.indexInPage) }
      count += fresh.count
      let record = StatusListPageRecord(account: issuer.account, revoked: Octets(statuses.octets))
      if let stored {
        try change.replace(stored, with: record, account: issuer.account)
      } else {
        try change.create(record, id: id, account: issuer.account)
      }
    }
    for stored in try await directory.everyRecord(StatusListPageRecord.self, prefix: "\(issuer.issuerID)/") {
      let number = stored.key.id.utf8.dropFirst(issuer.issuerID.utf8.count + 1)
        .prefix { $0 != UInt8(ascii: "/") }
      guard let list = StatusPlace.number(number), allocation?.serves(list, at: now) != true,
        pages[stored.key.id] == nil
      else { continue }
      change.delete(stored)
    }
    return (change, count)
  }

  /// Whether the token with the claims `status`, which this server issued, was revoked.
  func isRevoked(_ status: StatusListReference, of issuer: String, issuerID: String) async throws(StoreError)
    -> Bool
  {
    guard let place = StatusPlace(index: status.index, uri: status.uri, of: issuer) else { return true }
    let id = StatusListPageRecord.id(issuerID, place)
    guard let page = try await directory.record(StatusListPageRecord.self, at: id) else { return false }
    return try page.statuses().status(at: place.indexInPage) != StatusList.valid
  }
}
