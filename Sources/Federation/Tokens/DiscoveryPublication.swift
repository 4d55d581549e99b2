// SPDX-License-Identifier: Apache-2.0
//
// What a discovery document says besides the issuer and its keys follows from the account: read anew whenever that
// changes. Source: docs/tokens.md.

import IdentityModel

extension House {
  /// Publishes the discovery document of the issuer of `account` anew, if there is one.
  ///
  /// What fails is reported: until the next change or start the document stays as it was.
  func publishDiscovery(of account: AccountID) async {
    do {
      guard let record = try await directory.issuer(of: account)?.stored.record else { return }
      issuers.publish(discoveryOf: record, exchangesTokens: try await directory.hasProvider(account))
    } catch {
      diagnostics.report(
        Incident(what: "publish the discovery document of `\(account)`", cause: String(describing: error))
      )
    }
  }
}

extension Directory {
  /// Whether `account` has registered an OpenID Connect provider, whose tokens its token endpoint takes.
  func hasProvider(_ account: AccountID) async throws(StoreError) -> Bool {
    try await count(of: OIDCProviderRecord.self, prefix: OIDCProviderRecord.id(account, ""), limit: 1) > 0
  }
}
