// SPDX-License-Identifier: Apache-2.0
//
// What a configuration must be before a verifier is made of it: a mistake is found at the start, not by an attacker.

import TokenFormats

extension TrustedIssuer {
  /// Checks the line, and reads the keys that are pinned in it.
  func check() throws(VerifierConfigurationError) -> ProviderKeySet? {
    guard ["https://", "http://"].contains(where: { issuer.utf8.starts(with: $0.utf8) }) else {
      throw .issuerNotURL(issuer)
    }
    guard acceptsAnyAudience || !audiences.isEmpty, audiences.allSatisfy({ !$0.isEmpty }) else {
      throw .noAudience(issuer: issuer)
    }
    guard !algorithms.isEmpty else { throw .noAlgorithm(issuer: issuer) }
    guard case .pinned(let jwks) = keys else { return nil }
    guard let set = try? ProviderKeySet(json: jwks), !set.keys.isEmpty else {
      throw .noPinnedKeys(issuer: issuer)
    }
    return set
  }
}

extension VerifierSettings {
  func check() throws(VerifierConfigurationError) {
    guard (.zero...(.seconds(86_400))).contains(skew) else { throw .settingOutOfRange("skew") }
    guard maximumLifetime > .zero else { throw .settingOutOfRange("maximumLifetime") }
    guard maximumTokenBytes > 0 else { throw .settingOutOfRange("maximumTokenBytes") }
    if case .once(let capacity) = replay, capacity <= 0 { throw .settingOutOfRange("replay") }
    let times = [
      keyCache.fresh.lowerBound, keyCache.freshByDefault, keyCache.stale, keyCache.failure,
      keyCache.unknownKey,
    ]
    guard times.allSatisfy({ $0 >= .zero }) else { throw .settingOutOfRange("keyCache") }
  }
}

extension KeyCacheSettings {
  func rules<Failure>(maximumIssuers: Int) -> IssuerKeyCache<Failure>.Rules {
    .init(
      freshSeconds: fresh.lowerBound.wholeSeconds...fresh.upperBound.wholeSeconds,
      defaultFreshSeconds: freshByDefault.wholeSeconds,
      staleSeconds: stale.wholeSeconds,
      failureSeconds: failure.wholeSeconds,
      unknownKeySeconds: unknownKey.wholeSeconds,
      maximumIssuers: maximumIssuers
    )
  }
}
