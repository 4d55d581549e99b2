// SPDX-License-Identifier: Apache-2.0
//
// Keys in a token: they sign there and cannot be taken out, a token that goes away refuses with its cause and works again
// when it is back, and a wrong PIN is tried once.

import Federation
import Foundation
import IdentityModel
import LocalKeys
import PKCS11
import Testing
import TokenFormats

// One after the other: a module that is started anew is so for every token in it.
@Suite(
  .serialized,
  .enabled(if: SoftToken.isInstalled, "needs softhsm2 (Scripts/install-system-packages.sh test)")
)
struct PKCS11TokenTests {
  private func account() throws -> AccountID { try #require(AccountID("111122223333")) }

  private func signer(_ label: String) throws -> LocalKeys {
    LocalKeys(ring: KeyEncryptionKeyRing(.ephemeral()), token: PKCS11Token(try SoftToken.uri(label)))
  }

  /// Waits until `body` succeeds: a module is started anew at most once a second.
  private func eventually(_ body: () async throws -> Void) async throws {
    let deadline = ContinuousClock.now + .seconds(300)
    while true {
      do {
        return try await body()
      } catch {
        guard ContinuousClock.now < deadline else { throw error }
        try await Task.sleep(for: .milliseconds(100))
      }
    }
  }

  @Test(arguments: SigningAlgorithm.allCases)
  func `a key is made in the token and signs there`(algorithm: SigningAlgorithm) async throws {
    let keys = try signer(try SoftToken.make())
    let key = try await keys.makeKey(algorithm, for: account())
    #expect(key.publicKey.algorithm == algorithm)
    let verifier = try #require(PublicKeyVerifier(key.publicKey))
    let signatures = try await withThrowingTaskGroup(of: (UInt8, [UInt8]).self) { group in
      for number in UInt8(0)..<24 { group.addTask { (number, try await keys.sign([number], with: key)) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(signatures.count == 24)
    for (number, signature) in signatures { #expect(verifier.isValid(signature: signature, for: [number])) }
    #expect(try keys.vouches(for: key))
    // What is sealed is a reference: no octets of a key are in it. Format, nonce, reference, tag.
    #expect(key.sealed.count == 61)
  }

  @Test func `a key for SAML signs with both hashes, one for tokens with one`() async throws {
    let keys = try signer(try SoftToken.make())
    let saml = try await keys.makeKey(.rs256, for: account(), purpose: .saml)
    let verifier = try #require(PublicKeyVerifier(saml.publicKey))
    for algorithm in [JWSAlgorithm.rs256, .rs384] {
      let signature = try await keys.sign([1], with: saml, algorithm: algorithm)
      #expect(verifier.isValid(signature: signature, for: [1], algorithm: algorithm))
    }
    let token = try await keys.makeKey(.rs256, for: account())
    await #expect(throws: TokenSignerError.self) { try await keys.sign([1], with: token, algorithm: .rs384) }
    await #expect(throws: TokenSignerError.self) { try await keys.sign([1], with: saml, algorithm: .es384) }
  }

  @Test func `a reference is bound as a key is: no other account, key or purpose`() async throws {
    let keys = try signer(try SoftToken.make())
    let (one, two) = (
      try await keys.makeKey(.es384, for: account()), try await keys.makeKey(.es384, for: account())
    )
    func forged(
      account: AccountID? = nil,
      publicKey: PublicKey? = nil,
      purpose: SigningKeyPurpose = .token
    ) -> SealedSigningKey {
      SealedSigningKey(
        purpose: purpose,
        account: account ?? one.account,
        keyID: (publicKey ?? one.publicKey).thumbprint,
        publicKey: publicKey ?? one.publicKey,
        version: 1,
        sealed: one.sealed
      )
    }
    let other = try #require(AccountID("999999999999"))
    for key in [forged(account: other), forged(publicKey: two.publicKey), forged(purpose: .saml)] {
      #expect(try !keys.vouches(for: key))
      await #expect(throws: TokenSignerError.sealBroken) { try await keys.sign([1], with: key) }
    }
  }

  @Test func `a reference is sealed again like a key, and signs on`() async throws {
    let token = PKCS11Token(try SoftToken.uri(try SoftToken.make()))
    let old = KeyEncryptionKeyRing(.ephemeral())
    let new = try await old.succeeded()
    let keys = LocalKeys(ring: old, token: token)
    let key = try await keys.makeKey(.es384, for: account())
    keys.use(new)
    let resealed = try #require(try keys.reseal(key))
    keys.use(new.withoutOpeners)
    _ = try await keys.sign([1], with: resealed)
    await #expect(throws: TokenSignerError.sealBroken) { try await keys.sign([1], with: key) }
  }

  @Test func `a server without the token says so, and takes no keys from elsewhere with it`() async throws {
    let ring = KeyEncryptionKeyRing(.ephemeral())
    let label = try SoftToken.make()
    let keys = LocalKeys(ring: ring, token: PKCS11Token(try SoftToken.uri(label)))
    let key = try await keys.makeKey(.es384, for: account())
    let bare = LocalKeys(ring: ring)
    #expect(try bare.vouches(for: key))
    await #expect(
      throws: TokenSignerError.tokenUnavailable(
        "the key is in a token, and the server was started without one"
      )
    ) { try await bare.sign([1], with: key) }
    // A key that is sealed in the store signs on beside the token.
    let local = try await bare.makeKey(.es384, for: account())
    _ = try await keys.sign([1], with: local)
    await #expect(
      throws: TokenSignerError.unsuitable(
        "signing keys are made in a token here, and none is taken from elsewhere"
      )
    ) { try await keys.importKey(Secret("x"), for: account()) }
  }

  @Test func `a token that goes away refuses with the cause, and works again by itself when it is back`()
    async throws
  {
    let label = try SoftToken.make()
    let keys = try signer(label)
    let key = try await keys.makeKey(.es384, for: account())
    let moved = try SoftToken.moveAway(label)
    // A module may answer from its memory for a while; a new one does not.
    let fresh = try signer(label)
    try await eventually {
      await #expect(throws: TokenSignerError.self) { try await fresh.makeKey(.es384, for: account()) }
    }
    do {
      _ = try await fresh.makeKey(.es384, for: account())
      Issue.record("the token is gone")
    } catch TokenSignerError.tokenUnavailable(let cause) {
      #expect(!cause.isEmpty && !cause.contains(SoftToken.pin))
    }
    try FileManager.default.moveItem(atPath: moved.to, toPath: moved.from)
    try await eventually { _ = try await keys.sign([1], with: key) }
    try await eventually { _ = try await fresh.makeKey(.es384, for: account()) }
  }

  @Test func `another key under the same id releases no signature`() async throws {
    let label = try SoftToken.make()
    let token = PKCS11Token(try SoftToken.uri(label))
    let ring = KeyEncryptionKeyRing(.ephemeral())
    let keys = LocalKeys(ring: ring, token: token)
    let one = try await keys.makeKey(.es384, for: account())
    // The private half in the token is exchanged: the reference is what is sealed.
    let id = try await reference(of: one, ring)
    _ = try await token.run { session throws(PKCS11Error) in
      try session.destroyKey(id: id)
      return try session.makeP384Key(id: id, label: "another")
    }
    await #expect(throws: TokenSignerError.signatureCheckFailed) { try await keys.sign([1], with: one) }
    _ = try await token.run { session throws(PKCS11Error) in try session.destroyKey(id: id) }
    await #expect(throws: TokenSignerError.self) { try await keys.sign([1], with: one) }
  }

  private func reference(of key: SealedSigningKey, _ ring: KeyEncryptionKeyRing) async throws -> [UInt8] {
    let place = Seal.place(account: key.account, keyID: key.keyID, version: 1)
    return Array(try Seal(ring.current, purpose: .signingKey).open(key.sealed, at: place).suffix(16))
  }

  // MARK: The key-encryption key

  @Test func `a key-encryption key is wrapped by a key in the token and opens with it alone`() async throws {
    let label = try SoftToken.make()
    let token = PKCS11Token(try SoftToken.uri(label, object: "kek"), threads: 1)
    let wrapper = TokenKeyWrapper(token, label: "kek")
    await #expect(throws: KeyEncryptionKeyError.wrapper("the token has no key `kek`")) {
      try await wrapper.wrap([UInt8](repeating: 1, count: 32))
    }
    #expect(try await wrapper.makeKey())
    #expect(try await !wrapper.makeKey())
    let path = SoftToken.folder + "/kek-\(UUID().uuidString)"
    let made = try await KeyEncryptionKeyRing.generate(at: path, wrapper: wrapper)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.wholeMatch(of: /exeat-kek-pkcs11-v1:[A-Za-z0-9_-]{80}\n/) != nil)
    let loaded = try await KeyEncryptionKeyRing.load(from: path, wrapper: wrapper)
    #expect(loaded.identifiers == made.identifiers)
    await #expect(throws: KeyEncryptionKeyError.wrapped) { try await KeyEncryptionKeyRing.load(from: path) }

    // A rotation from a key in the clear to a wrapped one, and one more.
    let plain = SoftToken.folder + "/kek-\(UUID().uuidString)"
    let first = try await KeyEncryptionKeyRing.generate(at: plain)
    try await first.succeeded(wrapper: wrapper).replaceFile(at: plain)
    let both = try await KeyEncryptionKeyRing.load(from: plain, wrapper: wrapper)
    #expect(both.openers.map(\.identifier) == first.identifiers)

    // Another key, and a changed octet, open nothing.
    let other = TokenKeyWrapper(token, label: "other")
    _ = try await other.makeKey()
    await #expect(throws: KeyEncryptionKeyError.self) {
      try await KeyEncryptionKeyRing.load(from: path, wrapper: other)
    }
    var wrapped = try await wrapper.wrap([UInt8](repeating: 1, count: 32))
    #expect(try await wrapper.unwrap(wrapped) == [UInt8](repeating: 1, count: 32))
    wrapped[20] ^= 1
    let changed = wrapped
    await #expect(throws: KeyEncryptionKeyError.self) { try await wrapper.unwrap(changed) }
    await #expect(throws: KeyEncryptionKeyError.malformed) { try await wrapper.unwrap([1]) }
  }

  // MARK: The way in

  @Test func `a wrong PIN is tried once, and a corrected file is used`() async throws {
    let label = try SoftToken.make()
    let file = try SoftToken.pinFile("wrong-pin")
    let token = PKCS11Token(try SoftToken.uri(label, pinFile: file), threads: 3)
    // A token locks itself after a few: far more calls than that must not reach it.
    for _ in 0..<20 {
      await #expect(throws: PKCS11Error.pinRefused) {
        try await token.run { session throws(PKCS11Error) in try session.destroyKey(id: [1]) }
      }
    }
    try Data((SoftToken.pin + "\n").utf8).write(to: URL(fileURLWithPath: file))
    try await token.run { session throws(PKCS11Error) in try session.destroyKey(id: [1]) }
  }

  @Test func `a PIN file that others can read, or that is none, is refused`() async throws {
    let label = try SoftToken.make()
    for (file, reason) in [
      (try SoftToken.pinFile(mode: 0o640), "its mode 640 lets other users in"),
      (try SoftToken.pinFile(""), "it is not one line with a PIN of 1 to 255 octets"),
      (try SoftToken.pinFile("a\nb"), "it is not one line with a PIN of 1 to 255 octets"),
      (SoftToken.folder + "/nowhere", "No such file or directory"),
      (SoftToken.folder, "it is not a regular file"),
    ] {
      let token = PKCS11Token(try SoftToken.uri(label, pinFile: file))
      await #expect(throws: PKCS11Error.pinSource(path: file, reason: reason)) {
        try await token.run { session throws(PKCS11Error) in try session.destroyKey(id: [1]) }
      }
    }
  }

  @Test func `a module that is none and a token that is not there are named`() async throws {
    _ = SoftToken.folder
    let nowhere = PKCS11Token(
      try PKCS11URI("pkcs11:token=a?module-path=/nowhere.so&pin-source=/p", requiresObject: false)
    )
    let library = PKCS11Token(
      try PKCS11URI(
        "pkcs11:token=a?module-path=/lib/x86_64-linux-gnu/libc.so.6&pin-source=/p",
        requiresObject: false
      )
    )
    for token in [nowhere, library] {
      do {
        try await token.run { session throws(PKCS11Error) in try session.destroyKey(id: [1]) }
        Issue.record("no module, no session")
      } catch PKCS11Error.module(let path, let reason) {
        #expect(path == token.uri.modulePath && !reason.isEmpty)
      }
    }
    let absent = PKCS11Token(try SoftToken.uri("no-such-token"))
    await #expect(throws: PKCS11Error.tokenNotFound) {
      try await absent.run { session throws(PKCS11Error) in try session.destroyKey(id: [1]) }
    }
  }
}
