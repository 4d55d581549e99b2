// SPDX-License-Identifier: Apache-2.0
//
// An account's signing keys as a person reads them: one a line, with what happens next.

import FederationClient
import IdentityModel
import StrictJSON

/// Prints signing keys.
enum SigningKeyTable {
  /// Prints `keys`, or with `json` what the API gave.
  static func print(_ keys: SigningKeySet, json: Bool) {
    guard !json else {
      return Console.out(JSONValue.object(JSONObject(keys.json)).text(isOneLine: true))
    }
    Console.out("issuer \(Console.printable(keys.issuer))")
    if keys.isSuspended {
      Console.out(
        keys.isEmptied
          ? "SUSPENDED: no tokens are issued, and the published key set is empty (`exeat keys resume`)"
          : "SUSPENDED: no tokens are issued (`exeat keys resume`)"
      )
    }
    let rows = keys.keys.map { key in
      [key.algorithm, key.keyID, key.status, key.createDate.rfc3339, next(key, keys)].map(Console.printable)
    }
    for line in columns([["ALGORITHM", "KEY", "STATUS", "MADE", "WHAT COMES NEXT"]] + rows) {
      Console.out(line)
    }
  }

  /// What happens to `key` next, and when.
  private static func next(_ key: SigningKeyDescription, _ all: SigningKeySet) -> String {
    switch key.status {
    case "Signing":
      let successor = all.keys.filter { $0.algorithm == key.algorithm && $0.status == "Successor" }
        .min { $0.signsFrom < $1.signsFrom }
      return successor.map { "signs until \($0.signsFrom.rfc3339), then \($0.keyID) does" }
        ?? "signs; no successor yet"
    case "Successor": return "signs from \(key.signsFrom.rfc3339)"
    case "Retiring": return key.publishedUntil.map { "published until \($0.rfc3339)" } ?? "published for now"
    case "Revoked": return key.revokeDate.map { "revoked \($0.rfc3339)" } ?? "revoked"
    default: return "not published"
    }
  }

  private static func columns(_ rows: [[String]]) -> [String] {
    let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.dropLast().enumerated().map { column, text in
        text + String(repeating: " ", count: widths[column] - text.count + 2)
      }.joined() + row[4]
    }
  }
}
