// SPDX-License-Identifier: Apache-2.0
//
// Seals: nothing but the same octets at the same place under the same key opens.

import Federation
import IdentityModel
import LocalKeys
import Testing

@Suite struct SealTests {
  private let keys = LocalKeys(keyEncryptionKey: .ephemeral())

  @Test(arguments: [0, 1, 40, 1000])
  func `a secret comes back under its own context`(count: Int) throws {
    let secret = Secret([UInt8](repeating: 7, count: count))
    let sealed = try keys.seal(secret, context: "AKIAX")
    #expect(try keys.open(sealed, context: "AKIAX") == secret)
    // Format, nonce, secret, tag.
    #expect(sealed.count == count + 29)
    #expect(sealed[0] == 1)
  }

  @Test func `two seals of one secret differ in nonce and content`() throws {
    let seals = try (0..<200).map { _ in try keys.seal(Secret("wJalrXUtnFEMI"), context: "c") }
    #expect(Set(seals.map { $0[1..<13] }).count == 200)
    #expect(Set(seals.map { $0[13...] }).count == 200)
  }

  @Test(arguments: ["", "akiax", "AKIAX ", "AKIA\u{212A}", "AKIAX\u{0}"])
  func `another context does not open it`(context: String) throws {
    let sealed = try keys.seal(Secret("s"), context: "AKIAX")
    #expect(throws: TokenSignerError.sealBroken) { try keys.open(sealed, context: context) }
  }

  @Test func `no flipped bit and no other length opens`() throws {
    let sealed = try keys.seal(Secret("secret"), context: "c")
    for index in sealed.indices {
      for bit in 0..<8 {
        var other = sealed
        other[index] ^= 1 << UInt8(bit)
        #expect(throws: TokenSignerError.sealBroken) { try keys.open(other, context: "c") }
      }
    }
    for count in 0..<sealed.count {
      #expect(throws: TokenSignerError.sealBroken) {
        try keys.open(Array(sealed.prefix(count)), context: "c")
      }
    }
    #expect(throws: TokenSignerError.sealBroken) { try keys.open(sealed + [0], context: "c") }
  }

  @Test func `fields cannot be shifted between each other, and one purpose does not open another's`() throws {
    let kek = KeyEncryptionKey.ephemeral()
    let signingKeys = Seal(kek, purpose: .signingKey)
    let sealed = try signingKeys.seal([1, 2, 3], at: ["ab", "c", "1"])
    #expect(try signingKeys.open(sealed, at: ["ab", "c", "1"]) == [1, 2, 3])
    for place in [
      ["a", "bc", "1"], ["abc", "", "1"], ["ab", "c1", ""], ["ab", "c"], ["ab", "c", "1", ""], ["abc1"], [],
    ] {
      #expect(throws: TokenSignerError.sealBroken) { try signingKeys.open(sealed, at: place) }
    }
    #expect(throws: TokenSignerError.sealBroken) {
      try Seal(kek, purpose: .secret).open(sealed, at: ["ab", "c", "1"])
    }
  }

  @Test func `without a key-encryption key every call says so`() async throws {
    let sealed = LocalKeys(keyEncryptionKey: nil)
    #expect(!sealed.isUnsealed)
    #expect(keys.isUnsealed)
    let key = try await keys.makeKey(.es384, for: Fixtures.account())
    #expect(throws: TokenSignerError.keyEncryptionKeyMissing) { try sealed.seal(Secret("s"), context: "c") }
    #expect(throws: TokenSignerError.keyEncryptionKeyMissing) { try sealed.open([1], context: "c") }
    await #expect(throws: TokenSignerError.keyEncryptionKeyMissing) {
      try await sealed.makeKey(.rs256, for: Fixtures.account())
    }
    await #expect(throws: TokenSignerError.keyEncryptionKeyMissing) { try await sealed.sign([1], with: key) }
  }
}
