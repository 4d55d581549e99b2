// SPDX-License-Identifier: Apache-2.0
//
// Signing keys and secrets sealed under a key-encryption key that this machine holds. The private half of a key is
// in the clear only in this process's memory, only while it is in use. Refuses to know where sealed keys are stored
// and what is signed.

package import Federation
package import IdentityModel
package import TokenFormats

/// Signs and seals with keys of this machine.
package final class LocalKeys: TokenSigner, SecretSealer {
  /// Keys made ahead of time.
  ///
  /// Its `run` is a service for the assembly to start.
  package let rsaKeyPool: RSAKeyPool

  private struct Seals {
    let signingKeys: Seal
    let samlSigningKeys: Seal
    let secrets: Seal
    let sessions: SessionSeal

    /// What seals the private half of a key for `purpose`.
    func of(_ purpose: SigningKeyPurpose) -> Seal {
      switch purpose {
      case .token: signingKeys
      case .saml: samlSigningKeys
      }
    }
  }

  private let seals: Seals?
  private let cache: SigningKeyCache

  /// Opens for work with `keyEncryptionKey`; without one it is sealed, and every call throws
  /// `keyEncryptionKeyMissing`.
  ///
  /// - Parameters:
  ///   - keyEncryptionKey: the key under which signing keys and secrets are sealed.
  ///   - rsaKeyPool: where new RSA keys come from.
  ///   - cachedKeys: the most signing keys that are kept parsed, about 7 kB each.
  package init(
    keyEncryptionKey: KeyEncryptionKey?,
    rsaKeyPool: RSAKeyPool = RSAKeyPool(),
    cachedKeys: Int = 4096
  ) {
    self.rsaKeyPool = rsaKeyPool
    self.cache = SigningKeyCache(limit: cachedKeys)
    self.seals = keyEncryptionKey.map {
      Seals(
        signingKeys: Seal($0, purpose: .signingKey),
        samlSigningKeys: Seal($0, purpose: .samlSigningKey),
        secrets: Seal($0, purpose: .secret),
        sessions: SessionSeal($0)
      )
    }
  }

  package var isUnsealed: Bool { seals != nil }

  /// How many signing keys are kept parsed.
  package var cachedKeyCount: Int { cache.count }
}

// MARK: - TokenSigner

extension LocalKeys {
  package func makeKey(
    _ algorithm: SigningAlgorithm,
    for account: AccountID,
    purpose: SigningKeyPurpose
  ) async throws(TokenSignerError) -> SealedSigningKey {
    _ = try unsealed()
    let pair = algorithm == .rs256 ? try await rsaKeyPool.take() : nil
    return try await sealed(pair, for: account, purpose)
  }

  package func makeReadyKey(
    _ algorithm: SigningAlgorithm,
    for account: AccountID,
    purpose: SigningKeyPurpose
  ) async throws(TokenSignerError) -> SealedSigningKey? {
    _ = try unsealed()
    guard algorithm == .rs256 else { return try await sealed(nil, for: account, purpose) }
    guard let pair = rsaKeyPool.takeReady() else { return nil }
    return try await sealed(pair, for: account, purpose)
  }

  package func forget(_ keyID: KeyID) { cache.forget(keyID) }

  /// The RSA key `pair`, or a new P-384 key without one.
  private func sealed(
    _ pair: RSAKeyPair?,
    for account: AccountID,
    _ purpose: SigningKeyPurpose
  ) async throws(TokenSignerError) -> SealedSigningKey {
    let seals = try unsealed()
    var secret: [UInt8]
    let publicKey: PublicKey
    if let pair {
      (secret, publicKey) = (pair.pkcs8, pair.publicKey)
    } else {
      let made = P384SigningKey.generate()
      (secret, publicKey) = (made.scalar, made.key.publicKey)
    }
    defer { wipe(&secret) }
    let keyID = publicKey.thumbprint
    let place = Seal.place(account: account, keyID: keyID, version: 1)
    let key = SealedSigningKey(
      purpose: purpose,
      account: account,
      keyID: keyID,
      publicKey: publicKey,
      version: 1,
      sealed: try seals.of(purpose).seal(secret, at: place)
    )
    // What was sealed is what will be opened: a key that cannot sign is refused now, not at its first token.
    _ = try await sign(Array("exeat key check".utf8), with: key)
    return key
  }

  package func vouches(for key: SealedSigningKey) throws(TokenSignerError) -> Bool {
    var secret: [UInt8]
    do {
      secret = try openSeal(of: key, try unsealed())
    } catch .sealBroken {
      return false
    }
    wipe(&secret)
    return true
  }

  package func sign(
    _ message: [UInt8],
    with key: SealedSigningKey,
    algorithm: JWSAlgorithm
  ) async throws(TokenSignerError) -> [UInt8] {
    let seals = try unsealed()
    let opened = if let cached = cache.key(for: key) { cached } else { try open(key, seals) }
    switch (opened, algorithm, key.purpose) {
    case (.rsa(let key), .rs256, _): return try key.sign(message, .sha256)
    case (.rsa(let key), .rs384, .saml): return try key.sign(message, .sha384)
    case (.p384(let key), .es384, _): return try key.sign(message)
    default: throw .failed("the key does not sign with \(algorithm.rawValue)")
    }
  }

  private func openSeal(of key: SealedSigningKey, _ seals: Seals) throws(TokenSignerError) -> [UInt8] {
    // The seal binds the key id, and the key id is the hash of the public key: so the seal binds that too.
    guard key.keyID.description.utf8.elementsEqual(key.publicKey.thumbprint.description.utf8) else {
      throw .sealBroken
    }
    let place = Seal.place(account: key.account, keyID: key.keyID, version: key.version)
    return try seals.of(key.purpose).open(key.sealed, at: place)
  }

  private func open(_ key: SealedSigningKey, _ seals: Seals) throws(TokenSignerError) -> SigningKey {
    var secret = try openSeal(of: key, seals)
    defer { wipe(&secret) }
    guard let verifier = PublicKeyVerifier(key.publicKey) else { throw .signatureCheckFailed }
    let opened: SigningKey
    switch key.publicKey {
    case .rsa:
      guard RSASigningKey.isConsistent(pkcs8: secret) else { throw .signatureCheckFailed }
      opened = .rsa(try RSASigningKey(pkcs8: secret, verifier: verifier))
    case .p384:
      guard let parsed = P384SigningKey(scalar: secret),
        parsed.isPrivateHalf(of: key.publicKey, verifier: verifier)
      else { throw .signatureCheckFailed }
      opened = .p384(parsed)
    }
    cache.insert(opened, for: key)
    return opened
  }

  private func unsealed() throws(TokenSignerError) -> Seals {
    guard let seals else { throw .keyEncryptionKeyMissing }
    return seals
  }
}

// MARK: - SecretSealer

extension LocalKeys {
  package func seal(_ secret: Secret, context: String) throws(TokenSignerError) -> [UInt8] {
    let seals = try unsealed()
    return try secret.withBytes { octets throws(TokenSignerError) in
      try seals.secrets.seal(octets, at: [context])
    }
  }

  package func open(_ sealed: [UInt8], context: String) throws(TokenSignerError) -> Secret {
    let seals = try unsealed()
    var octets = try seals.secrets.open(sealed, at: [context])
    defer { wipe(&octets) }
    return Secret(octets)
  }

  package func sealSession(_ content: Secret, accessKeyID: String) throws(TokenSignerError) -> [UInt8] {
    let seals = try unsealed()
    return try content.withBytes { octets throws(TokenSignerError) in
      try seals.sessions.seal(octets, accessKeyID: accessKeyID)
    }
  }

  package func openSession(_ sealed: [UInt8], accessKeyID: String) throws(TokenSignerError) -> Secret {
    let seals = try unsealed()
    var octets = try seals.sessions.open(sealed, accessKeyID: accessKeyID)
    defer { wipe(&octets) }
    return Secret(octets)
  }
}
