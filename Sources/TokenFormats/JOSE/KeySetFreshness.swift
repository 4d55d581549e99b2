// SPDX-License-Identifier: Apache-2.0
//
// Whether a copy of an issuer's JWK set, uploaded somewhere at some time, is still good: a verifier that has the copy
// knows every key that the issuer signs with, and none that the issuer took back. Refuses to know where either set came
// from. Source: RFC 7517 §4.5; OpenID Connect Core 1.0 §10.1.1.

package import IdentityModel

/// A key as its issuer publishes it.
package struct PublishedKey: Hashable, Sendable {
  /// The key.
  package let publicKey: PublicKey
  /// From when it signs; `nil` when the issuer's set alone was read, which does not say it.
  package let signsFrom: Instant?

  /// Pairs the key with its time.
  package init(_ publicKey: PublicKey, signsFrom: Instant? = nil) {
    self.publicKey = publicKey
    self.signsFrom = signsFrom
  }
}

/// What an uploaded copy of a key set lacks, and what it holds too much.
package struct KeySetFreshness: Sendable {
  /// One difference.
  package enum Difference: Hashable, Sendable {
    /// The issuer publishes this key and the copy does not hold it under its `kid`.
    case missing(PublishedKey)
    /// The copy holds a key that the issuer does not publish: it was retired, or revoked.
    ///
    /// SECURITY: a key is revoked because somebody else may have it; whoever verifies with the copy still believes it.
    case withdrawn(keyID: String)
    /// The element of the copy's `keys` at this place, counted from 0, is a key of a kind that is not spoken here.
    ///
    /// SECURITY: no set of ours has one, and a verifier that speaks more algorithms believes it: it is a stranger's.
    case foreign(index: Int)
  }

  /// The differences: first what is missing, in the order of the issuer's set, then what is too much.
  package let differences: [Difference]

  /// Compares `copy` with what the issuer publishes, keys and the `kid`s under which they are found.
  package init(of copy: JWKSet, against published: [PublishedKey]) {
    let missing = published.filter { key in
      !copy.keys(withID: key.publicKey.thumbprint.description).contains { $0.publicKey == key.publicKey }
    }
    let withdrawn = copy.keys.filter { key in
      !published.contains { own in
        own.publicKey == key.publicKey && same(own.publicKey.thumbprint.description, key.keyID ?? "")
      }
    }
    differences =
      missing.map { .missing($0) } + withdrawn.map { .withdrawn(keyID: $0.keyID ?? "") }
      + copy.ignored.map { .foreign(index: $0.index) }
  }

  /// Whether the copy is stale now, or is going to be by `date`.
  ///
  /// A key of which nobody says from when it signs may sign already.
  package func isStale(by date: Instant) -> Bool {
    differences.contains { difference in
      switch difference {
      case .missing(let key): key.signsFrom.map { $0 <= date } ?? true
      case .withdrawn, .foreign: true
      }
    }
  }
}
