// SPDX-License-Identifier: Apache-2.0
//
// Whose a record of the log is, read from the record alone and without reading the rest of it.
// Source: CloudTrail record contents, recipientAccountId.

package import IdentityModel
import StrictJSON

extension AuditRecord {
  /// The account that the record `json` names as its own: the record's member `recipientAccountId`, none of that name
  /// further in.
  ///
  /// Shape: `json` is one record as the server wrote it; `nil` when it names no account.
  package static func recipientAccountID(of json: [UInt8]) -> AccountID? {
    let places = JSONLocator(json)
    guard let value = places.value(of: "recipientAccountId", in: places.root), value.count == 14,
      json[value.lowerBound] == UInt8(ascii: "\"")
    else { return nil }
    return AccountID(String(decoding: json[value].dropFirst().dropLast(), as: UTF8.self))
  }
}
