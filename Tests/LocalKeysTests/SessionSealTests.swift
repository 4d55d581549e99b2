// SPDX-License-Identifier: Apache-2.0
//
// Session seals: nothing but the same octets for the same access key id under the same key opens.

import Federation
import IdentityModel
import LocalKeys
import Testing

@Suite struct SessionSealTests {
  private let keys = LocalKeys(keyEncryptionKey: .ephemeral())

  @Test(arguments: [0, 1, 40, 5000])
  func `a session comes back for its own key`(count: Int) throws {
    let content = Secret([UInt8](repeating: 7, count: count))
    let sealed = try keys.sealSession(content, accessKeyID: "ASIAX")
    #expect(try keys.openSession(sealed, accessKeyID: "ASIAX") == content)
    // Format, salt, content, tag.
    #expect(sealed.count == count + 49)
  }

  @Test func `two seals of one session differ in salt and content`() throws {
    let seals = try (0..<200).map { _ in try keys.sealSession(Secret("content"), accessKeyID: "ASIAX") }
    #expect(Set(seals.map { $0[1..<33] }).count == 200)
    #expect(Set(seals.map { $0[33...] }).count == 200)
  }

  @Test(arguments: ["", "asiax", "ASIAX ", "ASIAY"])
  func `another access key id does not open it`(accessKeyID: String) throws {
    let sealed = try keys.sealSession(Secret("s"), accessKeyID: "ASIAX")
    #expect(throws: TokenSignerError.sealBroken) {
      try keys.openSession(sealed, accessKeyID: accessKeyID)
    }
  }

  @Test func `no flipped bit and no other length opens`() throws {
    let sealed = try keys.sealSession(Secret("secret"), accessKeyID: "ASIAX")
    for index in sealed.indices {
      for bit in 0..<8 {
        var other = sealed
        other[index] ^= 1 << UInt8(bit)
        #expect(throws: TokenSignerError.sealBroken) { try keys.openSession(other, accessKeyID: "ASIAX") }
      }
    }
    for count in 0..<sealed.count {
      #expect(throws: TokenSignerError.sealBroken) {
        try keys.openSession(Array(sealed[..<count]), accessKeyID: "ASIAX")
      }
    }
  }

  @Test func `a sealed secret is no session and a session no secret`() throws {
    let secret = try keys.seal(Secret("secret"), context: "ASIAX")
    #expect(throws: TokenSignerError.sealBroken) { try keys.openSession(secret, accessKeyID: "ASIAX") }
    let session = try keys.sealSession(Secret("secret"), accessKeyID: "ASIAX")
    #expect(throws: TokenSignerError.sealBroken) { try keys.open(session, context: "ASIAX") }
  }

  @Test func `another key-encryption key and none open nothing`() throws {
    let sealed = try keys.sealSession(Secret("s"), accessKeyID: "ASIAX")
    let others = LocalKeys(keyEncryptionKey: .ephemeral())
    #expect(throws: TokenSignerError.sealBroken) { try others.openSession(sealed, accessKeyID: "ASIAX") }
    let none = LocalKeys(keyEncryptionKey: nil)
    #expect(throws: TokenSignerError.keyEncryptionKeyMissing) {
      try none.openSession(sealed, accessKeyID: "ASIAX")
    }
  }
}
