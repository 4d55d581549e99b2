// SPDX-License-Identifier: Apache-2.0
//
// The keys of identity providers, remembered by the rules that hold for this server. How they are remembered is in
// RelyingParty. Refuses to know tokens and who may register an issuer.

package import IdentityModel
import RelyingParty
package import TokenFormats

/// Looks up the keys of identity providers.
package struct IdentityProviders: Sendable {
  /// How long keys are used before they are fetched again: what their `Cache-Control` says, within these bounds.
  ///
  /// Unit: seconds.
  package static let freshSeconds: ClosedRange<Int64> = 60...3600
  /// How long keys are used when their answer does not say.
  ///
  /// Unit: seconds.
  package static let defaultFreshSeconds: Int64 = 300
  /// How much longer keys are used while their issuer does not answer.
  ///
  /// A key that its issuer removed is thus accepted for two hours at most. Unit: seconds.
  package static let staleSeconds: Int64 = 3600
  /// How long an issuer that could not be asked is left alone.
  ///
  /// Unit: seconds.
  package static let failureSeconds: Int64 = 30
  /// How often keys that are still good are fetched for the sake of a key id that is not among them: once in this time.
  ///
  /// Unit: seconds.
  package static let unknownKeySeconds: Int64 = 300
  /// The most issuers that are remembered; the one that was not asked for longest makes room.
  package static let maximumIssuers = 1000

  private let cache: IssuerKeyCache<IdentityProviderFetchError>

  /// Remembers nothing yet.
  ///
  /// - Parameters:
  ///   - policy: which addresses an issuer may have.
  ///   - trustRoots: which certification authorities to trust.
  ///   - resolver: how hosts are resolved.
  package init(policy: IssuerPolicy, trustRoots: TrustRoots, resolver: HostResolver = .system) {
    let documents = IdentityProviderDocuments(policy: policy, trustRoots: trustRoots, resolver: resolver)
    cache = IssuerKeyCache(
      rules: .init(
        freshSeconds: Self.freshSeconds,
        defaultFreshSeconds: Self.defaultFreshSeconds,
        staleSeconds: Self.staleSeconds,
        failureSeconds: Self.failureSeconds,
        unknownKeySeconds: Self.unknownKeySeconds,
        maximumIssuers: Self.maximumIssuers
      ),
      none: .notFetched(.discovery, .http(.connectionLost))
    ) { issuer in
      do throws(IdentityProviderFetchError) {
        return .success(try await documents.keys(of: issuer))
      } catch {
        return .failure(error)
      }
    }
  }

  /// The keys of `issuer`, among which that of `keyID` if the issuer has one and may be asked again.
  ///
  /// - Parameters:
  ///   - issuer: the URL of a registered provider.
  ///   - keyID: the `kid` that is wanted; `nil` when a token names none.
  ///   - now: the time.
  /// - Returns: the keys, those of `keyID` not necessarily among them.
  /// - Throws: `IdentityProviderFetchError` when there are no keys that may be used.
  package func keys(
    of issuer: String,
    holding keyID: String?,
    now: Instant
  ) async throws(IdentityProviderFetchError) -> ProviderKeySet {
    try await cache.keys(of: issuer, holding: keyID, now: now)
  }
}
