// SPDX-License-Identifier: Apache-2.0
//
// When tokens were revoked that are revoked already: a status list has one bit for each, and no time, so the audit log is
// asked for the calls that did it. Source: docs/decisions/0026.

import AuditTrail
import IdentityModel
import StrictJSON

/// A successful call of RevokeOutboundTokens, as its record tells it.
private struct EarlierRevocation {
  let parameters: JSONObject
  let revokedTokenCount: Int64

  /// `nil` for a call that was refused.
  init?(_ event: HistoricalEvent) {
    let record = (try? JSONReader.read(event.json, maximumBytes: event.json.count, maximumDepth: 64))?.object
    guard let record, record["errorCode"] == nil, let parameters = record["requestParameters"]?.object,
      let count = record["responseElements"]?.object?["revokedTokenCount"]?.int64
    else { return nil }
    self.parameters = parameters
    revokedTokenCount = count
  }

  /// Whether it meant `token`, which had been issued by then.
  func meant(_ token: IssuedToken) -> Bool {
    if let id = parameters["tokenId"]?.string {
      return asciiLowercased(id).utf8.elementsEqual(token.tokenID.utf8)
    }
    if let arn = parameters["principalArn"]?.string { return token.isOf(arn) }
    return parameters["issuedBefore"]?.string.flatMap { Instant(rfc3339: $0) }.map { token.issuedAt < $0 }
      ?? false
  }
}

extension House {
  /// The most calls that are looked at: who revoked more often in twelve hours is told no time.
  private static let maximumRevocations = 500

  /// When tokens that are revoked already were.
  ///
  /// - Returns: the time of the first call that meant `token`; without a token, of the last one with `parameters` that revoked
  ///   something; `nil` when no record says it.
  /// - Throws: 5xx when the log cannot be read.
  func dateOfRevocation(
    of token: IssuedToken?,
    _ parameters: JSONValue?,
    account: AccountID,
    since start: Instant,
    now: Instant
  ) async throws(ServiceError) -> Instant? {
    let events: [HistoricalEvent]
    do {
      events = try await trails.history.events(
        EventQuery(
          account: account,
          attribute: .eventName,
          value: RevokeOutboundTokens.name,
          start: token?.issuedAt ?? start,
          end: now,
          after: nil,
          limit: Self.maximumRevocations + 1
        )
      )
    } catch {
      throw diagnostics.serviceError("look revocations up in the audit log", error)
    }
    guard events.count <= Self.maximumRevocations else { return nil }
    guard let token else {
      return events.first { event in
        EarlierRevocation(event).map {
          $0.revokedTokenCount > 0 && JSONValue.object($0.parameters) == parameters
        } ?? false
      }?.position.eventTime
    }
    return events.last { EarlierRevocation($0)?.meant(token) ?? false }?.position.eventTime
  }
}
