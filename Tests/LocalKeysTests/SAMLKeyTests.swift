// SPDX-License-Identifier: Apache-2.0
//
// Keys that sign SAML: apart from those of tokens though the same code makes both, and with one algorithm more.

import Federation
import IdentityModel
import LocalKeys
import Testing
import TokenFormats

@Suite struct SAMLKeyTests {
  private static let kek = KeyEncryptionKey.ephemeral()
  private let keys = LocalKeys(keyEncryptionKey: Self.kek)

  private func verifies(
    _ signature: [UInt8],
    _ message: [UInt8],
    _ key: PublicKey,
    _ algorithm: JWSAlgorithm
  ) throws -> Bool {
    try #require(PublicKeyVerifier(key)).isValid(signature: signature, for: message, algorithm: algorithm)
  }

  /// `key` as a record of the other purpose would bring it.
  private func moved(_ key: SealedSigningKey) -> SealedSigningKey {
    SealedSigningKey(
      purpose: key.purpose == .token ? .saml : .token,
      account: key.account,
      keyID: key.keyID,
      publicKey: key.publicKey,
      version: key.version,
      sealed: key.sealed
    )
  }

  @Test(arguments: [SigningAlgorithm.rs256, .es384], [SigningKeyPurpose.token, .saml])
  func `a key of one purpose opens as none of the other and nobody vouches for it, cached or not`(
    algorithm: SigningAlgorithm,
    purpose: SigningKeyPurpose
  ) async throws {
    let key = try await keys.makeKey(algorithm, for: Fixtures.account(), purpose: purpose)
    #expect(key.purpose == purpose)
    let stolen = moved(key)
    for signer in [keys, LocalKeys(keyEncryptionKey: Self.kek)] {
      #expect(try signer.vouches(for: key))
      #expect(try !signer.vouches(for: stolen))
      await #expect(throws: TokenSignerError.sealBroken) { try await signer.sign([1], with: stolen) }
      let signature = try await signer.sign([1], with: key)
      #expect(try verifies(signature, [1], key.publicKey, algorithm.jws))
    }
  }

  @Test func `an RSA key for SAML signs with SHA-256 and SHA-384, one for tokens with SHA-256 alone`()
    async throws
  {
    let message = Array("<ds:SignedInfo>".utf8)
    let saml = try await keys.makeKey(.rs256, for: Fixtures.account(), purpose: .saml)
    for algorithm in [JWSAlgorithm.rs256, .rs384] {
      let signature = try await keys.sign(message, with: saml, algorithm: algorithm)
      for other in [JWSAlgorithm.rs256, .rs384, .rs512] {
        #expect(try verifies(signature, message, saml.publicKey, other) == (other == algorithm))
      }
    }
    let token = try await keys.makeKey(.rs256, for: Fixtures.account())
    await #expect(throws: TokenSignerError.failed("the key does not sign with RS384")) {
      try await keys.sign(message, with: token, algorithm: .rs384)
    }
  }

  @Test(
    arguments: [SigningAlgorithm.rs256, .es384],
    [JWSAlgorithm.rs256, .rs384, .rs512, .es256, .es384, .es512]
  )
  func `no key signs with an algorithm of another kind of key, or with one that is not asked for`(
    family: SigningAlgorithm,
    algorithm: JWSAlgorithm
  ) async throws {
    let key = try await keys.makeKey(family, for: Fixtures.account(), purpose: .saml)
    let own: [JWSAlgorithm] = family == .rs256 ? [.rs256, .rs384] : [.es384]
    if own.contains(algorithm) {
      _ = try await keys.sign([1], with: key, algorithm: algorithm)
    } else {
      await #expect(throws: TokenSignerError.failed("the key does not sign with \(algorithm.rawValue)")) {
        try await keys.sign([1], with: key, algorithm: algorithm)
      }
    }
  }

  @Test func `a key for SAML signs no token`() async throws {
    let key = try await keys.makeKey(.es384, for: Fixtures.account(), purpose: .saml)
    await #expect(throws: TokenSignerError.failed("a key of another purpose signs no tokens")) {
      try await TokenIssuer(signer: keys).issue(payload: Array("{}".utf8), with: key)
    }
  }
}
