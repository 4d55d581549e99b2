// SPDX-License-Identifier: Apache-2.0
//
// A ring of key-encryption keys: the first line seals, every line opens, and what was sealed under an older one is sealed
// again as the next version of itself and as nothing else.

import Foundation
import Federation
import IdentityModel
import LocalKeys
import Testing

@Suite struct KeyEncryptionKeyRingTests {
  /// A path in a new, empty directory.
  private func withPath(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder.appendingPathComponent("kek").path)
  }

  private func write(_ text: String, to path: String, mode: Int = 0o600) throws {
    try? FileManager.default.removeItem(atPath: path)
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }

  private let first = "exeat-kek-v1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
  private let second = "exeat-kek-v1:AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"

  @Test func `a rotation puts a new line first, and dropping leaves it alone, with owner and mode as before`()
    async throws
  {
    try await withPath { path in
      let made = try await KeyEncryptionKeyRing.generate(at: path)
      let old = try String(contentsOfFile: path, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: path)
      let next = try await made.succeeded()
      try next.replaceFile(at: path)
      let text = try String(contentsOfFile: path, encoding: .utf8)
      #expect(text.wholeMatch(of: /(exeat-kek-v1:[A-Za-z0-9_-]{43}\n){2}/) != nil)
      #expect(text.hasSuffix("\n" + old))
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect(attributes[.posixPermissions] as? Int == 0o400)
      #expect(try FileManager.default.contentsOfDirectory(atPath: String(path.dropLast(4))) == ["kek"])
      let loaded = try await KeyEncryptionKeyRing.load(from: path)
      #expect(loaded.identifiers == next.identifiers)
      #expect(loaded.identifiers[1] == made.current.identifier)
      try loaded.withoutOpeners.replaceFile(at: path)
      let last = try await KeyEncryptionKeyRing.load(from: path)
      #expect(last.identifiers == [next.current.identifier])
    }
  }

  @Test func `a link stays a link, and the file behind it is replaced`() async throws {
    try await withPath { path in
      let made = try await KeyEncryptionKeyRing.generate(at: path)
      try FileManager.default.createSymbolicLink(atPath: path + ".link", withDestinationPath: path)
      try await made.succeeded().replaceFile(at: path + ".link")
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path + ".link") == path)
      let loaded = try await KeyEncryptionKeyRing.load(from: path)
      #expect(loaded.identifiers.count == 2)
    }
  }

  @Test func `what another run left unfinished is not overwritten`() async throws {
    try await withPath { path in
      let made = try await KeyEncryptionKeyRing.generate(at: path)
      let next = try await made.succeeded()
      try write("x", to: path + ".new")
      #expect(throws: KeyEncryptionKeyError.alreadyExists) { try next.replaceFile(at: path) }
      let loaded = try await KeyEncryptionKeyRing.load(from: path)
      #expect(loaded.identifiers == made.identifiers)
    }
  }

  @Test func `text that is not one to eight different keys is refused`() async throws {
    try await withPath { path in
      let texts = [
        "", "\n", first + "\n", "\n" + first, first + second.dropLast(), first + first, first + "x\n",
        first + "exeat-kek-v2:" + second.dropFirst(13), first + " " + second,
      ]
      for text in texts {
        try write(text, to: path)
        await #expect(throws: KeyEncryptionKeyError.malformed, "\(text)") {
          try await KeyEncryptionKeyRing.load(from: path)
        }
      }
      var ring = KeyEncryptionKeyRing(.ephemeral())
      for _ in 1..<KeyEncryptionKeyRing.maximumKeys { ring = try await ring.succeeded() }
      let full = ring
      await #expect(throws: KeyEncryptionKeyError.malformed) { try await full.succeeded() }
      try write(first + second, to: path, mode: 0o640)
      await #expect(throws: KeyEncryptionKeyError.permissionsTooOpen(mode: 0o640)) {
        try await KeyEncryptionKeyRing.load(from: path)
      }
      try write("exeat-kek-pkcs11-v1:" + String(repeating: "A", count: 80) + "\n", to: path)
      await #expect(throws: KeyEncryptionKeyError.wrapped) { try await KeyEncryptionKeyRing.load(from: path) }
    }
  }

  @Test func `a ring prints nothing of its keys, and a name says nothing of its key`() async throws {
    try await withPath { path in
      try write(first + second, to: path)
      let ring = try await KeyEncryptionKeyRing.load(from: path)
      var dumped = ""
      dump(ring, to: &dumped)
      for text in ["\(ring)", String(reflecting: ring), dumped] {
        #expect(text.contains("<redacted>"))
        #expect(!text.contains("AAAA"))
      }
      #expect(Set(ring.identifiers).count == 2)
      for name in ring.identifiers { #expect(name.wholeMatch(of: /[A-Za-z0-9_-]{16}/) != nil) }
    }
  }

  @Test func `every key opens and the first seals`() async throws {
    let old = KeyEncryptionKeyRing(.ephemeral())
    let new = try await old.succeeded()
    let (before, after) = (LocalKeys(ring: old), LocalKeys(ring: new))
    let account = try Fixtures.account()
    let key = try await before.makeKey(.es384, for: account)
    let secret = try before.seal(Secret("s"), context: "c")
    let session = try before.sealSession(Secret("x"), accessKeyID: "ASIA")
    #expect(try after.vouches(for: key))
    #expect(try after.open(secret, context: "c") == Secret("s"))
    #expect(try after.openSession(session, accessKeyID: "ASIA") == Secret("x"))
    let signature = try await after.sign([1], with: key)
    #expect(try Fixtures.verifies(signature, [1], key.publicKey))

    // What the first seals, the old one alone does not open.
    let fresh = try after.seal(Secret("s"), context: "c")
    #expect(throws: TokenSignerError.sealBroken) { try before.open(fresh, context: "c") }
    let freshSession = try after.sealSession(Secret("x"), accessKeyID: "ASIA")
    #expect(throws: TokenSignerError.sealBroken) {
      try before.openSession(freshSession, accessKeyID: "ASIA")
    }
    let freshKey = try await after.makeKey(.es384, for: account)
    #expect(try !before.vouches(for: freshKey))
  }

  @Test(arguments: [SigningKeyPurpose.token, .saml])
  func `a key sealed again is the next version of itself under the new key alone`(
    purpose: SigningKeyPurpose
  ) async throws {
    let old = KeyEncryptionKeyRing(.ephemeral())
    let new = try await old.succeeded()
    let keys = LocalKeys(ring: old)
    let key = try await keys.makeKey(.es384, for: Fixtures.account(), purpose: purpose)
    #expect(try keys.reseal(key) == nil)
    keys.use(new)
    let resealed = try #require(try keys.reseal(key))
    #expect(resealed.version == 2)
    #expect(resealed.keyID == key.keyID && resealed.publicKey == key.publicKey)
    #expect(resealed.purpose == purpose && resealed.account == key.account)
    #expect(try keys.reseal(resealed) == nil)
    keys.use(new.withoutOpeners)
    #expect(try keys.vouches(for: resealed))
    let signature = try await keys.sign([1], with: resealed)
    #expect(try Fixtures.verifies(signature, [1], key.publicKey))
    #expect(try !keys.vouches(for: key))
    await #expect(throws: TokenSignerError.sealBroken) { try await keys.sign([1], with: key) }
    #expect(throws: TokenSignerError.sealBroken) { try keys.reseal(key) }
  }

  @Test func `a secret sealed again opens in its own place under the new key alone`() async throws {
    let old = KeyEncryptionKeyRing(.ephemeral())
    let new = try await old.succeeded()
    let keys = LocalKeys(ring: old)
    let sealed = try keys.seal(Secret("s"), context: "c")
    #expect(try keys.reseal(sealed, context: "c") == nil)
    keys.use(new)
    let resealed = try #require(try keys.reseal(sealed, context: "c"))
    #expect(throws: TokenSignerError.sealBroken) { try keys.reseal(sealed, context: "d") }
    #expect(throws: TokenSignerError.sealBroken) { try keys.open(resealed, context: "d") }
    keys.use(new.withoutOpeners)
    #expect(try keys.open(resealed, context: "c") == Secret("s"))
    #expect(throws: TokenSignerError.sealBroken) { try keys.open(sealed, context: "c") }
  }

  @Test func `neither swapped seals nor another version open, whichever key sealed them`() async throws {
    let old = KeyEncryptionKeyRing(.ephemeral())
    let new = try await old.succeeded()
    let keys = LocalKeys(ring: old)
    let account = try Fixtures.account()
    let (one, two) = (
      try await keys.makeKey(.es384, for: account), try await keys.makeKey(.es384, for: account)
    )
    keys.use(new)
    let resealed = try #require(try keys.reseal(one))
    func with(_ key: SealedSigningKey, version: Int? = nil, sealed: [UInt8]? = nil) -> SealedSigningKey {
      SealedSigningKey(
        account: key.account,
        keyID: key.keyID,
        publicKey: key.publicKey,
        version: version ?? key.version,
        sealed: sealed ?? key.sealed
      )
    }
    for forged in [
      with(one, sealed: two.sealed), with(resealed, sealed: two.sealed), with(two, sealed: resealed.sealed),
      with(one, version: 2), with(resealed, version: 1), with(resealed, version: 3),
      with(resealed, sealed: one.sealed), with(one, sealed: resealed.sealed),
    ] {
      #expect(try !keys.vouches(for: forged))
      #expect(throws: TokenSignerError.sealBroken) { try keys.reseal(forged) }
      await #expect(throws: TokenSignerError.sealBroken) { try await keys.sign([1], with: forged) }
    }
  }

  @Test func `a parsed key stays parsed when it is sealed again, and goes when a key-encryption key goes`()
    async throws
  {
    let old = KeyEncryptionKeyRing(.ephemeral())
    let new = try await old.succeeded()
    let keys = LocalKeys(ring: old)
    let key = try await keys.makeKey(.es384, for: Fixtures.account())
    #expect(keys.cachedKeyCount == 1)
    keys.use(new)
    #expect(keys.cachedKeyCount == 1)
    let resealed = try #require(try keys.reseal(key))
    #expect(keys.cachedKeyCount == 1)
    // The cache must not stand in for a seal that no longer opens.
    keys.use(KeyEncryptionKeyRing(.ephemeral()))
    #expect(keys.cachedKeyCount == 0)
    await #expect(throws: TokenSignerError.sealBroken) { try await keys.sign([1], with: resealed) }
    await #expect(throws: TokenSignerError.sealBroken) { try await keys.sign([1], with: key) }
  }

  @Test func `a sealed signer becomes a working one when it gets its keys`() async throws {
    let ring = KeyEncryptionKeyRing(.ephemeral())
    let secret = try LocalKeys(ring: ring).seal(Secret("s"), context: "c")
    let keys = LocalKeys(ring: nil)
    #expect(!keys.isUnsealed)
    #expect(throws: TokenSignerError.keyEncryptionKeyMissing) { try keys.reseal(secret, context: "c") }
    keys.use(ring)
    #expect(keys.isUnsealed)
    #expect(try keys.open(secret, context: "c") == Secret("s"))
  }
}
