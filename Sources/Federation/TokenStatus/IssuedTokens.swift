// SPDX-License-Identifier: Apache-2.0
//
// The tokens that an account was issued, as its audit log has them: which, to whom, and where their status stands. Refuses
// to be content with a part of the log. Source: docs/decisions/0026.

import AuditTrail
import IdentityModel
import StrictJSON
import TokenFormats

/// A token as its record tells it.
struct IssuedToken: Hashable, Sendable {
  /// The `jti`, or the id of the assertion.
  let tokenID: String
  /// Its place in a status list; `nil` when it was issued without one.
  let status: StatusListReference?
  /// Whether it is SAML, which has no status.
  let isSAML: Bool
  /// When it was issued.
  let issuedAt: Instant
  /// The ARN of the principal, and of the role or user that the session is of.
  let principals: [String]

  /// The token of which `event` is the record; `nil` when none was issued.
  init?(_ event: HistoricalEvent) {
    guard
      let record = (try? JSONReader.read(event.json, maximumBytes: event.json.count, maximumDepth: 64))?
        .object,
      let elements = record["responseElements"]?.object,
      let tokenID = elements["webIdentityTokenId"]?.string
    else { return nil }
    self.tokenID = tokenID
    isSAML = elements["tokenType"]?.string == "SAML"
    if let index = elements["statusListIndex"]?.int64, let uri = elements["statusListUri"]?.string {
      status = StatusListReference(index: Int(index), uri: uri)
    } else {
      status = nil
    }
    issuedAt = event.position.eventTime
    let identity = record["userIdentity"]?.object
    let issuer = identity?["sessionContext"]?.object?["sessionIssuer"]?.object
    var principals = [identity?["arn"]?.string, issuer?["arn"]?.string]
    // Whom a provider vouched for has no ARN of its own: the record tells the role, and the session that it became.
    if let assumed = elements["assumedRoleUser"]?.object {
      principals += [assumed["arn"]?.string, record["requestParameters"]?.object?["roleArn"]?.string]
    }
    self.principals = principals.compactMap { $0 }
  }

  /// Whether the token was issued to `arn`: the principal, or the role of its session.
  func isOf(_ arn: String) -> Bool { principals.contains { $0.utf8.elementsEqual(arn.utf8) } }
}

extension House {
  /// The names of the actions that issue tokens.
  static let issuingActions = ["GetWebIdentityToken", "GetOutboundFederationToken", "ExchangeOutboundToken"]

  /// Hands every token to `body` that `account` was issued not before `start` and not after `end`, and whose record was
  /// durable when this was called; stops when `body` returns false.
  ///
  /// - Throws: ServiceUnavailable when the index of the log is too far behind to know all of them.
  func eachIssuedToken(
    of account: AccountID,
    from start: Instant,
    through end: Instant,
    _ body: (IssuedToken) -> Bool
  ) async throws(ServiceError) {
    do {
      try await requireRecords(since: start)
      try await awaitWholeHistory(of: account)
      for name in Self.issuingActions {
        var after: EventPosition?
        while true {
          let page = try await trails.history.events(
            EventQuery(
              account: account,
              attribute: .eventName,
              value: name,
              start: start,
              end: end,
              after: after,
              limit: 500
            )
          )
          for event in page {
            if let token = IssuedToken(event), !body(token) { return }
          }
          guard page.count == 500 else { break }
          after = page.last?.position
        }
      }
    } catch let error as ServiceError {
      throw error
    } catch {
      throw diagnostics.serviceError("look tokens up in the audit log", error)
    }
  }

  /// The token of `account` with the id `id`, in upper or lower case, if it was issued from `start` on.
  ///
  /// Reads the tokens of the millisecond that the id leads to, and where it is not among them all since `start`: ids did not
  /// always tell a time, and a node's clock may be ahead, up to five minutes here.
  ///
  /// - Throws: as `eachIssuedToken`.
  func issuedToken(
    _ id: String,
    of account: AccountID,
    since start: Instant,
    now: Instant
  ) async throws(ServiceError) -> IssuedToken? {
    let id = asciiLowercased(id)
    var found: IssuedToken?
    func isAnother(_ token: IssuedToken) -> Bool {
      if token.tokenID.utf8.elementsEqual(id.utf8) { found = token }
      return found == nil
    }
    if let time = IssuedTokenID.time(of: id, before: now), time >= start {
      try await eachIssuedToken(of: account, from: time, through: time, isAnother)
    }
    if found == nil {
      let end = now.advanced(bySeconds: 300)
      try await eachIssuedToken(of: account, from: start, through: end, isAnother)
    }
    return found
  }

  /// Throws InvalidInput when records since `start` have left the store: whoever seals by hand may do that.
  private func requireRecords(since start: Instant) async throws {
    guard let oldest = try await trails.progress.entries(after: 0, limit: 1).first, oldest.sequence > 1 else {
      return
    }
    let time = try EventSummary(oldest.json).eventTime
    guard time.seconds >= start.seconds else { return }
    throw ServiceError.invalidInput(
      "Audit records since \(start.rfc3339) were sealed and have left the store, so that not every token can be found: "
        + "the oldest that is left is of \(time.rfc3339)."
    )
  }

  /// Waits until the event history has taken in what the log holds now.
  ///
  /// SECURITY: a token that the index does not know yet must not be taken for one that was never issued.
  private func awaitWholeHistory(of account: AccountID) async throws {
    let last = try await trails.progress.lastSequence()
    var position: Int64 = -1
    while position < last {
      let before = position
      // Whoever asks has the index catch up a stretch.
      _ = try await trails.history.events(
        EventQuery(account: account, attribute: nil, value: "", start: nil, end: nil, after: nil, limit: 1)
      )
      position = try await trails.history.eventHistoryPosition()
      guard position > before || position >= last else {
        throw ServiceError.serviceUnavailable("The index of the audit log is behind; try again.")
      }
    }
  }
}
