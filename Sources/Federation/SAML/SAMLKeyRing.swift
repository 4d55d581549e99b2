// SPDX-License-Identifier: Apache-2.0
//
// An account's SAML keys and what becomes of each with time: published, signing, no longer signing, gone. Nothing has to
// happen for a step to be taken: the time says it. Source: docs/decisions/0022.

package import IdentityModel
package import TokenFormats

/// A key that signs SAML, with its certificate.
package struct SAMLKey: Sendable {
  /// The key.
  package let sealed: SealedSigningKey
  /// The certificate in which it is published.
  package let certificate: EncodedCertificate
  /// When it was made.
  package let createDate: Instant
  /// From when it signs.
  package let signsFrom: Instant

  /// Gathers the parts.
  package init(
    sealed: SealedSigningKey,
    certificate: EncodedCertificate,
    createDate: Instant,
    signsFrom: Instant
  ) {
    self.sealed = sealed
    self.certificate = certificate
    self.createDate = createDate
    self.signsFrom = signsFrom
  }

  /// Its kind: keys of one kind succeed one another.
  package var family: SigningAlgorithm { sealed.publicKey.algorithm }

  /// The algorithm with which it signs what nobody chose one for.
  var defaultAlgorithm: XMLSignatureAlgorithm {
    switch family {
    case .rs256: .rsaSHA256
    case .es384: .ecdsaSHA384
    }
  }

  /// Whether `signer` made the key, and the key the certificate.
  ///
  /// SECURITY: a certificate that anybody else put into the store would let whoever put it there sign in as everybody.
  func isVouchedFor(by signer: any TokenSigner) throws(TokenSignerError) -> Bool {
    guard certificate.isOf(sealed.publicKey), certificate.isSignedByItsKey else { return false }
    return try signer.vouches(for: sealed)
  }
}

extension XMLSignatureAlgorithm {
  /// The kind of key that signs with it.
  package var family: SigningAlgorithm {
    switch self {
    case .rsaSHA256, .rsaSHA384: .rs256
    case .ecdsaSHA384: .es384
    }
  }
}

/// The SAML keys of an account.
package struct SAMLKeyRing: Sendable {
  /// What a key does at some time.
  package enum State: String, Sendable {
    /// It is published and does not sign yet.
    case successor = "Successor"
    /// It signs.
    case signing = "Signing"
    /// It signs no more, and is published as long as something that it signed may be valid.
    case retiring = "Retiring"
    /// It is published no more.
    case retired = "Retired"
  }

  /// How long a successor is published before it signs, unless somebody says otherwise.
  ///
  /// Unit: seconds.
  package static let defaultOverlapSeconds = 24 * 3600
  /// How long a key is published after its last signature: the longest assertion, 12 hours, and a day.
  ///
  /// Unit: seconds.
  package static let publishedAfterSeconds = (12 + 24) * 3600
  /// The most keys of an account that are published at the same time.
  package static let maximumPublished = 10

  /// The keys in the order in which they begin to sign.
  package let keys: [SAMLKey]

  /// Gathers `keys`, in any order.
  package init(_ keys: [SAMLKey] = []) {
    func order(_ key: SAMLKey) -> (Int64, Int64, String) {
      (key.signsFrom.milliseconds, key.createDate.milliseconds, key.sealed.keyID.description)
    }
    self.keys = keys.sorted { order($0) < order($1) }
  }

  /// The key of `family` that signs at `now`: the newest whose time has come; `nil` when there is none of the kind.
  ///
  /// A clock that was set back makes the oldest one sign again.
  package func signingKey(_ family: SigningAlgorithm, at now: Instant) -> SAMLKey? {
    keys.last { $0.family == family && $0.signsFrom <= now } ?? keys.first { $0.family == family }
  }

  /// When the key at `index` signs no more; `nil` while it has no successor.
  private func end(_ index: Int) -> Instant? {
    keys[(index + 1)...].first { $0.family == keys[index].family }?.signsFrom
  }

  /// What each key does at `now`, and when it is published no more if that is known.
  package func states(at now: Instant) -> [(key: SAMLKey, state: State, publishedUntil: Instant?)] {
    keys.indices.map { index in
      let key = keys[index]
      let end = end(index)
      let publishedUntil = end?.advanced(bySeconds: Int64(Self.publishedAfterSeconds))
      if let publishedUntil, publishedUntil <= now { return (key, .retired, publishedUntil) }
      if let end, end <= now { return (key, .retiring, publishedUntil) }
      let signs = signingKey(key.family, at: now)?.sealed.keyID == key.sealed.keyID
      return (key, signs ? .signing : .successor, publishedUntil)
    }
  }

  /// The keys whose certificates belong in metadata at `now`: those that sign come first.
  package func published(at now: Instant) -> [SAMLKey] {
    let states = states(at: now).filter { $0.state != .retired }
    return (states.filter { $0.state == .signing } + states.filter { $0.state != .signing }).map(\.key)
  }

  /// When the next of the keys begins to sign, or is published no more.
  func nextStep(after now: Instant) -> Instant? {
    (keys.map(\.signsFrom) + states(at: now).compactMap(\.publishedUntil)).filter { $0 > now }.min()
  }

  /// The keys that `signer` vouches for, and the ids of the others.
  func vouched(
    by signer: any TokenSigner
  ) throws(TokenSignerError) -> (ring: SAMLKeyRing, strangers: [KeyID]) {
    var own: [SAMLKey] = []
    var strangers: [KeyID] = []
    for key in keys {
      if try key.isVouchedFor(by: signer) { own.append(key) } else { strangers.append(key.sealed.keyID) }
    }
    return (SAMLKeyRing(own), strangers)
  }
}
