// SPDX-License-Identifier: Apache-2.0
//
// The keys of identity providers when one of them may be this server: our own issuers are answered from here, so that
// the server never connects to itself, and everybody else is somebody else's business.

import IdentityModel
import TokenFormats

/// Answers for our own issuers, and asks `others` for the rest.
struct HouseIdentityProviders: IdentityProviderKeys {
  let issuers: Issuers
  let publication: IssuerPublication
  let others: any IdentityProviderKeys

  func keys(
    of issuer: String,
    holding keyID: String?,
    now: Instant
  ) async throws(IdentityProviderError) -> ProviderKeySet {
    guard let issuerID = issuers.issuerID(of: issuer) else {
      return try await others.keys(of: issuer, holding: keyID, now: now)
    }
    let document: PublishedDocument
    switch await publication.document(.keySet, of: issuerID, now: now) {
    case .document(let found): document = found
    case .nothing: throw .unusable("this server has no such issuer")
    case .awaitsUnsealing, .unavailable: throw .unusable("the issuer's keys cannot be had at the moment")
    }
    do {
      return try ProviderKeySet(json: document.body)
    } catch {
      throw .unusable(String(describing: error))
    }
  }
}
