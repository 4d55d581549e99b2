// SPDX-License-Identifier: Apache-2.0
//
// The keys of identity providers as the house needs them: whoever answers decides where to look, how long an answer is
// good and whom never to ask. Knows no HTTP.

package import IdentityModel
package import TokenFormats

/// Why the keys of an identity provider could not be had; the texts are for the log.
package enum IdentityProviderError: Error, Hashable, Sendable {
  /// It did not answer: a later try may do better.
  case unreachable(String)
  /// It must not be asked, or what it answers cannot be used.
  case unusable(String)
}

/// Knows the keys of identity providers.
package protocol IdentityProviderKeys: Sendable {
  /// The keys of the provider `issuer`.
  ///
  /// `issuer` is the URL under which the provider was registered, never one that only a token names. `keyID` is the
  /// `kid` that a token names, `nil` for none: a reason to look again when the keys that are known do not hold it,
  /// which strangers may give as often as they like. `now` is the time of the call.
  func keys(
    of issuer: String,
    holding keyID: String?,
    now: Instant
  ) async throws(IdentityProviderError) -> ProviderKeySet
}

/// Knows no provider: for a house that takes no tokens of others.
package struct NoIdentityProviders: IdentityProviderKeys {
  /// Makes it.
  package init() {}

  package func keys(
    of issuer: String,
    holding keyID: String?,
    now: Instant
  ) async throws(IdentityProviderError) -> ProviderKeySet {
    throw .unusable("no identity provider is asked here")
  }
}
