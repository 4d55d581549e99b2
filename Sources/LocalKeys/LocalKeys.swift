// SPDX-License-Identifier: Apache-2.0
//
// Signing keys and secrets sealed under a key-encryption key that this machine holds. The private half of a key is
// in the clear only in this process's memory, only while it is in use; of a key in a token, never. Refuses to know where sealed keys are stored
// and what is signed.

package import Federation
package import IdentityModel
package import PKCS11
import Synchronization
package import TokenFormats

/// Signs and seals with keys of this machine.
package final class LocalKeys: TokenSigner, SecretSealer, Resealer {
  /// Keys made ahead of time.
  ///
  /// Its `run` is a service for the assembly to start.
  package let rsaKeyPool: RSAKeyPool

  private let ring: Mutex<SealRing?>
  private let cache: SigningKeyCache
  private let tokenKeys: TokenSigningKeys?

  /// Opens for work with the key-encryption keys of `ring`; without one it is sealed, and every call throws
  /// `keyEncryptionKeyMissing`.
  ///
  /// - Parameters:
  ///   - ring: the keys under which signing keys and secrets are sealed.
  ///   - token: where new signing keys are made and stay; `nil` for the store.
  ///   - rsaKeyPool: where new RSA keys come from.
  ///   - cachedKeys: the most signing keys that are kept parsed, about 7 kB each.
  package init(
    ring: KeyEncryptionKeyRing?,
    token: PKCS11Token? = nil,
    rsaKeyPool: RSAKeyPool = RSAKeyPool(),
    cachedKeys: Int = 4096
  ) {
    self.rsaKeyPool = rsaKeyPool
    self.cache = SigningKeyCache(limit: cachedKeys)
    self.tokenKeys = token.map { TokenSigningKeys(token: $0) }
    self.ring = Mutex(ring.map(SealRing.init))
  }

  /// Opens for work with one key-encryption key; without one it is sealed.
  package convenience init(
    keyEncryptionKey: KeyEncryptionKey?,
    rsaKeyPool: RSAKeyPool = RSAKeyPool(),
    cachedKeys: Int = 4096
  ) {
    self.init(
      ring: keyEncryptionKey.map(KeyEncryptionKeyRing.init),
      rsaKeyPool: rsaKeyPool,
      cachedKeys: cachedKeys
    )
  }

  /// Works with the keys of `ring` from now on.
  ///
  /// SECURITY: what was opened with a key that is no longer there does not stay open.
  package func use(_ ring: KeyEncryptionKeyRing) {
    let next = SealRing(ring)
    let isGrown = self.ring.withLock { ring in
      defer { ring = next }
      return ring?.identifiers.isSubset(of: next.identifiers) ?? true
    }
    if !isGrown { cache.removeAll() }
  }

  package var isUnsealed: Bool { ring.withLock { $0 != nil } }

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
    let seals = try unsealed().current
    if let tokenKeys { return try await tokenKey(tokenKeys, algorithm, account, purpose, seals) }
    let pair = algorithm == .rs256 ? try await rsaKeyPool.take(for: account) : nil
    return try await sealed(pair, for: account, purpose)
  }

  package func makeReadyKey(
    _ algorithm: SigningAlgorithm,
    for account: AccountID,
    purpose: SigningKeyPurpose
  ) async throws(TokenSignerError) -> SealedSigningKey? {
    guard algorithm == .rs256 else { return try await makeKey(algorithm, for: account, purpose: purpose) }
    _ = try unsealed()
    guard tokenKeys == nil, let pair = rsaKeyPool.takeReady() else { return nil }
    return try await sealed(pair, for: account, purpose)
  }

  package func forget(_ keyID: KeyID) { cache.forget(keyID) }

  /// The RSA key `pair`, or a new P-384 key without one.
  private func sealed(
    _ pair: RSAKeyPair?,
    for account: AccountID,
    _ purpose: SigningKeyPurpose
  ) async throws(TokenSignerError) -> SealedSigningKey {
    let seals = try unsealed().current
    var secret: [UInt8]
    let publicKey: PublicKey
    if let pair {
      (secret, publicKey) = (pair.pkcs8, pair.publicKey)
    } else {
      let made = P384SigningKey.generate()
      (secret, publicKey) = (made.scalar, made.key.publicKey)
    }
    defer { wipe(&secret) }
    return try await sealed(secret, publicKey, account, purpose, seals)
  }

  package func importKey(
    _ pem: Secret,
    for account: AccountID
  ) async throws(TokenSignerError) -> SealedSigningKey {
    let seals = try unsealed().current
    guard tokenKeys == nil else {
      throw .unsuitable("signing keys are made in a token here, and none is taken from elsewhere")
    }
    var imported = try await ImportedKey.read(pem)
    defer { wipe(&imported.secret) }
    return try await sealed(imported.secret, imported.publicKey, account, .token, seals)
  }

  private func tokenKey(
    _ tokenKeys: TokenSigningKeys,
    _ algorithm: SigningAlgorithm,
    _ account: AccountID,
    _ purpose: SigningKeyPurpose,
    _ seals: Seals
  ) async throws(TokenSignerError) -> SealedSigningKey {
    let (reference, publicKey) = try await tokenKeys.make(algorithm, for: account)
    do throws(TokenSignerError) {
      return try await sealed(reference.sealedForm, publicKey, account, purpose, seals)
    } catch {
      await tokenKeys.destroy(reference)
      throw error
    }
  }

  private func sealed(
    _ secret: [UInt8],
    _ publicKey: PublicKey,
    _ account: AccountID,
    _ purpose: SigningKeyPurpose,
    _ seals: Seals
  ) async throws(TokenSignerError) -> SealedSigningKey {
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
      secret = try openSeal(of: key, try unsealed()).value
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
    let ring = try unsealed()
    let opened = if let cached = cache.key(for: key) { cached } else { try open(key, ring) }
    switch (opened, algorithm, key.purpose) {
    case (.rsa(let key), .rs256, _): return try key.sign(message, .sha256)
    case (.rsa(let key), .rs384, .saml): return try key.sign(message, .sha384)
    case (.p384(let key), .es384, _): return try key.sign(message)
    case (.token(let key), .rs256, _), (.token(let key), .es384, _), (.token(let key), .rs384, .saml):
      guard let tokenKeys else {
        throw .tokenUnavailable("the key is in a token, and the server was started without one")
      }
      return try await tokenKeys.sign(message, with: key, algorithm: algorithm)
    default: throw .failed("the key does not sign with \(algorithm.rawValue)")
    }
  }

  /// The private half of `key`, and whether the current key-encryption key sealed it.
  private func openSeal(
    of key: SealedSigningKey,
    _ ring: SealRing
  ) throws(TokenSignerError) -> (value: [UInt8], isCurrent: Bool) {
    // The seal binds the key id, and the key id is the hash of the public key: so the seal binds that too.
    guard key.keyID.description.utf8.elementsEqual(key.publicKey.thumbprint.description.utf8) else {
      throw .sealBroken
    }
    let place = Seal.place(account: key.account, keyID: key.keyID, version: key.version)
    return try ring.opening { seals throws(TokenSignerError) in
      try seals.of(key.purpose).open(key.sealed, at: place)
    }
  }

  private func open(_ key: SealedSigningKey, _ ring: SealRing) throws(TokenSignerError) -> SigningKey {
    var secret = try openSeal(of: key, ring).value
    defer { wipe(&secret) }
    guard let verifier = PublicKeyVerifier(key.publicKey) else { throw .signatureCheckFailed }
    let opened: SigningKey
    if let reference = TokenKeyReference(secret) {
      opened = .token(TokenKey(reference: reference, publicKey: key.publicKey, verifier: verifier))
      cache.insert(opened, for: key)
      return opened
    }
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

  private func unsealed() throws(TokenSignerError) -> SealRing {
    guard let ring = ring.withLock({ $0 }) else { throw .keyEncryptionKeyMissing }
    return ring
  }
}

// MARK: - SecretSealer

extension LocalKeys {
  package func seal(_ secret: Secret, context: String) throws(TokenSignerError) -> [UInt8] {
    let seals = try unsealed().current
    return try secret.withBytes { octets throws(TokenSignerError) in
      try seals.secrets.seal(octets, at: [context])
    }
  }

  package func open(_ sealed: [UInt8], context: String) throws(TokenSignerError) -> Secret {
    var octets = try openSecret(sealed, context).value
    defer { wipe(&octets) }
    return Secret(octets)
  }

  package func sealSession(_ content: Secret, accessKeyID: String) throws(TokenSignerError) -> [UInt8] {
    let seals = try unsealed().current
    return try content.withBytes { octets throws(TokenSignerError) in
      try seals.sessions.seal(octets, accessKeyID: accessKeyID)
    }
  }

  package func openSession(_ sealed: [UInt8], accessKeyID: String) throws(TokenSignerError) -> Secret {
    var octets = try unsealed().opening { seals throws(TokenSignerError) in
      try seals.sessions.open(sealed, accessKeyID: accessKeyID)
    }.value
    defer { wipe(&octets) }
    return Secret(octets)
  }
}

// MARK: - Resealer

extension LocalKeys {
  package func reseal(_ key: SealedSigningKey) throws(TokenSignerError) -> SealedSigningKey? {
    let ring = try unsealed()
    var (secret, isCurrent) = try openSeal(of: key, ring)
    defer { wipe(&secret) }
    guard !isCurrent else { return nil }
    let place = Seal.place(account: key.account, keyID: key.keyID, version: key.version + 1)
    let resealed = SealedSigningKey(
      purpose: key.purpose,
      account: key.account,
      keyID: key.keyID,
      publicKey: key.publicKey,
      version: key.version + 1,
      sealed: try ring.current.of(key.purpose).seal(secret, at: place)
    )
    // The same key under another seal: who signs with it next need not parse it again.
    cache.replace(key, by: resealed)
    return resealed
  }

  package func reseal(_ sealed: [UInt8], context: String) throws(TokenSignerError) -> [UInt8]? {
    var (secret, isCurrent) = try openSecret(sealed, context)
    defer { wipe(&secret) }
    guard !isCurrent else { return nil }
    return try unsealed().current.secrets.seal(secret, at: [context])
  }

  private func openSecret(
    _ sealed: [UInt8],
    _ context: String
  ) throws(TokenSignerError) -> (value: [UInt8], isCurrent: Bool) {
    try unsealed().opening { seals throws(TokenSignerError) in try seals.secrets.open(sealed, at: [context]) }
  }
}
