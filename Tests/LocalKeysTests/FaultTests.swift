// SPDX-License-Identifier: Apache-2.0
//
// Damaged private keys: no signature leaves, neither when the damage is in the store, sealed and all, nor when it
// happens in memory.

import Crypto
import CryptoExtras
import Federation
import IdentityModel
import LocalKeys
import Testing
import TokenFormats

@Suite struct FaultTests {
  private let kek = KeyEncryptionKey.ephemeral()

  private func rsaKey() throws -> (pkcs8: [UInt8], publicKey: PublicKey) {
    let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
    let numbers = try key.publicKey.getKeyPrimitives()
    return (
      Array(key.pkcs8DERRepresentation),
      .rsa(modulus: Array(numbers.modulus), exponent: Array(numbers.publicExponent))
    )
  }

  private func reseal(_ secret: [UInt8], _ publicKey: PublicKey) throws -> SealedSigningKey {
    let account = try Fixtures.account()
    let keyID = publicKey.thumbprint
    return SealedSigningKey(
      account: account,
      keyID: keyID,
      publicKey: publicKey,
      version: 1,
      sealed: try Seal(kek, purpose: .signingKey).seal(
        secret,
        at: Seal.place(account: account, keyID: keyID, version: 1)
      )
    )
  }

  @Test(arguments: Array(["n", "e", "d", "p", "q", "dP", "dQ", "qInv"].enumerated()))
  func `an RSA key with one flipped bit in any number is refused when it is opened`(
    number: (offset: Int, element: String)
  )
    async throws
  {
    let keys = LocalKeys(keyEncryptionKey: kek)
    let (pkcs8, publicKey) = try rsaKey()
    let honest = try await keys.sign([1], with: reseal(pkcs8, publicKey))
    #expect(try Fixtures.verifies(honest, [1], publicKey))
    var damaged = pkcs8
    damaged[try Fixtures.rsaIntegers(pkcs8)[number.offset + 1].upperBound - 1] ^= 2
    let record = try reseal(damaged, publicKey)
    await #expect(throws: TokenSignerError.signatureCheckFailed) { try await keys.sign([1], with: record) }
    #expect(!RSASigningKey.isConsistent(pkcs8: damaged))
  }

  @Test(arguments: [[3, 4], [3, 5], [3, 6], [3, 7], [3, 8], [3, 6, 7]])
  func `a damaged RSA key that gets past the opening releases no signature`(numbers: [Int]) throws {
    let (pkcs8, publicKey) = try rsaKey()
    let verifier = try #require(PublicKeyVerifier(publicKey))
    let honest = try RSASigningKey(pkcs8: pkcs8, verifier: verifier).sign([1])
    #expect(try Fixtures.verifies(honest, [1], publicKey))
    let integers = try Fixtures.rsaIntegers(pkcs8)
    var damaged = pkcs8
    for number in numbers { damaged[integers[number].upperBound - 9] ^= 4 }
    let key = try RSASigningKey(pkcs8: damaged, verifier: verifier)
    #expect(throws: TokenSignerError.signatureCheckFailed) { try key.sign([1]) }
  }

  @Test(arguments: [4, 5, 6, 7, 8])
  func `one damaged prime or CRT number alone never gives a wrong signature`(number: Int) throws {
    let (pkcs8, publicKey) = try rsaKey()
    var damaged = pkcs8
    damaged[try Fixtures.rsaIntegers(pkcs8)[number].upperBound - 9] ^= 4
    let key = try RSASigningKey(pkcs8: damaged, verifier: try #require(PublicKeyVerifier(publicKey)))
    // OpenSSL notices by itself and computes the signature again without the CRT.
    #expect(try Fixtures.verifies(try key.sign([1]), [1], publicKey))
  }

  @Test func `the private half of another key is refused`() async throws {
    let keys = LocalKeys(keyEncryptionKey: kek)
    let (mine, other) = (try rsaKey(), try rsaKey())
    await #expect(throws: TokenSignerError.signatureCheckFailed) {
      try await keys.sign([1], with: reseal(other.pkcs8, mine.publicKey))
    }
    let (first, second) = (P384SigningKey.generate(), P384SigningKey.generate())
    await #expect(throws: TokenSignerError.signatureCheckFailed) {
      try await keys.sign([1], with: reseal(second.scalar, first.key.publicKey))
    }
    await #expect(throws: TokenSignerError.signatureCheckFailed) {
      try await keys.sign([1], with: reseal(first.scalar, mine.publicKey))
    }
  }

  @Test func `a P-384 scalar is from 1 to the order less 1 and gives swift-crypto's public key`() throws {
    let order: [UInt8] =
      [UInt8](repeating: 0xFF, count: 24) + [
        0xC7, 0x63, 0x4D, 0x81, 0xF4, 0x37, 0x2D, 0xDF, 0x58, 0x1A, 0x0D, 0xB2, 0x48, 0xB0, 0xA7, 0x7A, 0xEC,
        0xEC, 0x19,
        0x6A, 0xCC, 0xC5, 0x29, 0x73,
      ]
    let zero = [UInt8](repeating: 0, count: 48)
    #expect(P384SigningKey(scalar: zero) == nil)
    #expect(P384SigningKey(scalar: order) == nil)
    #expect(P384SigningKey(scalar: [UInt8](repeating: 0xFF, count: 48)) == nil)
    #expect(P384SigningKey(scalar: Array(zero.dropFirst())) == nil)
    let scalars: [[UInt8]] = [
      Array(zero.dropLast()) + [1], Array(order.dropLast()) + [0x72],
      Array(P384.Signing.PrivateKey().rawRepresentation),
    ]
    for scalar in scalars {
      let key = try #require(P384SigningKey(scalar: scalar))
      let expected = Array(try P384.Signing.PrivateKey(rawRepresentation: scalar).publicKey.rawRepresentation)
      #expect(key.publicKey == .p384(x: Array(expected[..<48]), y: Array(expected[48...])))
      #expect(try Fixtures.verifies(try key.sign([1]), [1], key.publicKey))
    }
  }

  @Test func `a P-384 scalar whose memory changes releases no signature until it is whole again`() throws {
    let (key, _) = P384SigningKey.generate()
    let memory = try #require(
      Mirror(reflecting: key).descendant("duplicate") as? UnsafeMutableBufferPointer<UInt>
    )
    #expect(memory.count == 6)
    for index in memory.indices {
      memory[index] ^= 1 << 17
      #expect(throws: TokenSignerError.signatureCheckFailed) { try key.sign([1]) }
      memory[index] ^= 1 << 17
      #expect(try Fixtures.verifies(try key.sign([1]), [1], key.publicKey))
    }
  }

  @Test func `what is not an RSA key in PKCS#8 does not open`() throws {
    let (pkcs8, publicKey) = try rsaKey()
    let verifier = try #require(PublicKeyVerifier(publicKey))
    for octets in [
      [], [0x30], Array(pkcs8.dropLast()), pkcs8 + [0],
      Array(P384.Signing.PrivateKey().derRepresentation),
    ] {
      #expect(throws: TokenSignerError.self) { try RSASigningKey(pkcs8: octets, verifier: verifier) }
    }
  }
}
