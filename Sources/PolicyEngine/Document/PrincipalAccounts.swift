// SPDX-License-Identifier: Apache-2.0
//
// Which accounts a document speaks of as principals: whoever stores it asks whether they exist. Refuses to know which
// do.

package import IdentityModel

extension PolicyDocument {
  /// The accounts that `Principal` and `NotPrincipal` name, by their ids or the ARNs of their roots.
  ///
  /// Each once, in the order of the text.
  package var principalAccounts: [AccountID] {
    var seen: Set<AccountID> = []
    return statements.flatMap { $0.principals?.patterns ?? [] }.compactMap { pattern in
      guard case .account(let account) = pattern, seen.insert(account).inserted else { return nil }
      return account
    }
  }
}
