// SPDX-License-Identifier: Apache-2.0
//
// The key for a token, which is made when it is the first of its algorithm and was not at hand when the issuer was made.

import IdentityModel

extension House {
  /// The key of `issuer` that signs with `algorithm` at `now`.
  ///
  /// The first key of an algorithm is made here, once for all who wait for it, and stands in the key set before it signs.
  /// What is decided with the issuer as it was before meets that change, and is decided anew.
  func signingKey(
    _ algorithm: SigningAlgorithm,
    of issuer: Issuer,
    at now: Instant
  ) async throws(ServiceError) -> SealedSigningKey {
    if let key = issuer.signingKey(algorithm, at: now) { return key }
    let account = issuer.stored.record.account
    do {
      _ = try await publication.tokenDocuments(of: issuer.stored.record.issuerID, now)
      guard let key = try await directory.issuer(of: account)?.signingKey(algorithm, at: now) else {
        throw StoreError.corrupted("no \(algorithm.rawValue) key of `\(account)`")
      }
      return key
    } catch {
      throw diagnostics.serviceError("find a signing key", error)
    }
  }
}
