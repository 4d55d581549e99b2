// SPDX-License-Identifier: Apache-2.0
//
// A record as it stands in the log, read back by somebody who trusts neither the log nor its disk: the members by which
// it is found and shown. The rest of it is left as it is. Source: CloudTrail record contents, eventVersion 1.11;
// docs/decisions/0018-token-transparency.md.

import IdentityModel
import StrictJSON

/// What a record of the log says of itself.
package struct LoggedRecord: Hashable, Sendable {
  /// The record's own UUID.
  package let eventID: String
  /// When the request arrived: RFC 3339.
  package let eventTime: String
  /// The action.
  package let eventName: String
  /// The service.
  package let eventSource: String
  /// The `jti` of the token that the call got; `nil` when it got none.
  package let tokenID: String?
  /// The SHA-256 of that token's payload segment, in hexadecimal digits, where the log has promised the token.
  package let tokenPayloadSha256: String?

  /// Reads an entry.
  ///
  /// - Throws: `AuditTrailError.malformedRecord` when it is not one line of strict JSON, or lacks a member that each
  ///   record has.
  package init(_ entry: [UInt8]) throws(AuditTrailError) {
    guard !entry.contains(where: { $0 < 0x20 }), let object = (try? JSONReader.read(entry))?.object,
      let eventID = object["eventID"]?.string, let eventTime = object["eventTime"]?.string,
      Instant(rfc3339: eventTime) != nil, let eventName = object["eventName"]?.string,
      let eventSource = object["eventSource"]?.string
    else { throw .malformedRecord }
    self.eventID = eventID
    self.eventTime = eventTime
    self.eventName = eventName
    self.eventSource = eventSource
    tokenID = object["responseElements"]?.object?["webIdentityTokenId"]?.string
    tokenPayloadSha256 = object["additionalEventData"]?.object?["tokenPayloadSha256"]?.string
  }

  /// Whether `id` is the record's own id or that of its token.
  package func isCalled(_ id: String) -> Bool {
    eventID.utf8.elementsEqual(id.utf8) || tokenID.map { $0.utf8.elementsEqual(id.utf8) } ?? false
  }
}
