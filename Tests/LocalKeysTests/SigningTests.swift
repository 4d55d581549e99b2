// SPDX-License-Identifier: Apache-2.0
//
// Signing through the seam: what comes out verifies by other hands, and only for the key, the account and the
// version that the seal was made for.

import Dispatch
import Federation
import IdentityModel
import LocalKeys
import Testing
import TokenFormats

@Suite struct SigningTests {
  private let keys = LocalKeys(keyEncryptionKey: .ephemeral())

  @Test(arguments: SigningAlgorithm.allCases)
  func `a new key signs, is named by its thumbprint, and verifies by other hands`(algorithm: SigningAlgorithm)
    async throws
  {
    let key = try await keys.makeKey(algorithm, for: Fixtures.account())
    #expect(key.publicKey.algorithm == algorithm)
    #expect(key.keyID == key.publicKey.thumbprint)
    #expect(key.version == 1)
    #expect(key.account == (try Fixtures.account()))
    for message in [[], [0], Array("a.b".utf8), [UInt8](repeating: 0x41, count: 20_000)] {
      let signature = try await keys.sign(message, with: key)
      #expect(signature.count == (algorithm == .rs256 ? 256 : 96))
      #expect(try Fixtures.verifies(signature, message, key.publicKey))
      #expect(!(try Fixtures.verifies(signature, message + [0], key.publicKey)))
    }
  }

  @Test func `an RSA key has 2048 bits and the exponent 65537`() async throws {
    guard
      case .rsa(let modulus, let exponent) = try await keys.makeKey(.rs256, for: Fixtures.account()).publicKey
    else {
      Issue.record("not an RSA key")
      return
    }
    #expect(modulus.count == 256)
    #expect(modulus[0] >= 0x80)
    #expect(exponent == [1, 0, 1])
  }

  @Test(arguments: SigningAlgorithm.allCases)
  func `a sealed key works in another process with the same key-encryption key, and in no other`(
    algorithm: SigningAlgorithm
  ) async throws {
    let kek = KeyEncryptionKey.ephemeral()
    let key = try await LocalKeys(keyEncryptionKey: kek).makeKey(algorithm, for: Fixtures.account())
    let signature = try await LocalKeys(keyEncryptionKey: kek).sign([1], with: key)
    #expect(try Fixtures.verifies(signature, [1], key.publicKey))
    await #expect(throws: TokenSignerError.sealBroken) { try await keys.sign([1], with: key) }
  }

  @Test(arguments: SigningAlgorithm.allCases)
  func `a seal at another account, key id, public key or version is broken, cached or not`(
    algorithm: SigningAlgorithm
  ) async throws {
    let kek = KeyEncryptionKey.ephemeral()
    let maker = LocalKeys(keyEncryptionKey: kek)
    let key = try await maker.makeKey(algorithm, for: Fixtures.account())
    let other = try await maker.makeKey(algorithm, for: Fixtures.account())
    let account = key.account
    let forged = [
      SealedSigningKey(
        account: try Fixtures.account("444455556666"),
        keyID: key.keyID,
        publicKey: key.publicKey,
        version: 1,
        sealed: key.sealed
      ),
      SealedSigningKey(
        account: account,
        keyID: other.keyID,
        publicKey: other.publicKey,
        version: 1,
        sealed: key.sealed
      ),
      SealedSigningKey(
        account: account,
        keyID: key.keyID,
        publicKey: other.publicKey,
        version: 1,
        sealed: key.sealed
      ),
      SealedSigningKey(
        account: account,
        keyID: other.keyID,
        publicKey: key.publicKey,
        version: 1,
        sealed: key.sealed
      ),
      SealedSigningKey(
        account: account,
        keyID: key.keyID,
        publicKey: key.publicKey,
        version: 2,
        sealed: key.sealed
      ),
      SealedSigningKey(
        account: account,
        keyID: key.keyID,
        publicKey: key.publicKey,
        version: 1,
        sealed: other.sealed
      ),
    ]
    for signer in [maker, LocalKeys(keyEncryptionKey: kek)] {
      for key in forged {
        await #expect(throws: TokenSignerError.sealBroken) { try await signer.sign([1], with: key) }
      }
      // The honest record still works: a refused one does not displace it.
      #expect(try Fixtures.verifies(try await signer.sign([1], with: key), [1], key.publicKey))
    }
  }

  @Test func `a flipped octet anywhere in the seal breaks it, though the key is cached`() async throws {
    let key = try await keys.makeKey(.es384, for: Fixtures.account())
    // Format, nonce, scalar, tag.
    #expect(key.sealed.count == 77)
    for index in key.sealed.indices {
      var sealed = key.sealed
      sealed[index] ^= 0x10
      let flipped = SealedSigningKey(
        account: key.account,
        keyID: key.keyID,
        publicKey: key.publicKey,
        version: 1,
        sealed: sealed
      )
      await #expect(throws: TokenSignerError.sealBroken) { try await keys.sign([1], with: flipped) }
    }
  }

  @Test func `a key id that only looks the same to Unicode is another one`() async throws {
    var key = try await keys.makeKey(.es384, for: Fixtures.account())
    // Every second thumbprint has a K.
    while !key.keyID.description.contains("K") {
      key = try await keys.makeKey(.es384, for: Fixtures.account())
    }
    let kelvin = KeyID(key.keyID.description.replacing("K", with: "\u{212A}"))
    #expect(kelvin == key.keyID)
    let forged = SealedSigningKey(
      account: key.account,
      keyID: kelvin,
      publicKey: key.publicKey,
      version: 1,
      sealed: key.sealed
    )
    await #expect(throws: TokenSignerError.sealBroken) { try await keys.sign([1], with: forged) }
  }

  @Test func `RS256 is deterministic and ES384 never repeats R`() async throws {
    let rsa = try await keys.makeKey(.rs256, for: Fixtures.account())
    let first = try await keys.sign([1, 2], with: rsa)
    #expect(try await keys.sign([1, 2], with: rsa) == first)
    let p384 = try await keys.makeKey(.es384, for: Fixtures.account())
    var seen: Set<[UInt8]> = []
    for _ in 0..<500 { seen.insert(Array(try await keys.sign([1, 2], with: p384).prefix(48))) }
    #expect(seen.count == 500)
  }

  @Test func `of 2000 ES384 signatures, short R and S included, each has 96 octets and verifies`()
    async throws
  {
    let key = try await keys.makeKey(.es384, for: Fixtures.account())
    var short = 0
    for index in 0..<2000 {
      let message = Array("message \(index)".utf8)
      let signature = try await keys.sign(message, with: key)
      #expect(signature.count == 96)
      if signature[0] == 0 || signature[48] == 0 { short += 1 }
      #expect(try Fixtures.verifies(signature, message, key.publicKey))
    }
    // One in 128; that none of 2000 is short happens once in six million runs.
    #expect(short > 0)
  }

  @Test func `a token made of these parts passes our own verifier`() async throws {
    for algorithm in SigningAlgorithm.allCases {
      let key = try await keys.makeKey(algorithm, for: Fixtures.account())
      let payload = Array(#"{"aud":"rp","sub":"s","iss":"https://i","exp":1800000300,"iat":1800000000}"#.utf8)
      let input = JWS.signingInput(keyID: key.keyID, algorithm: algorithm, payload: payload)
      let token = JWS.compact(signingInput: input, signature: try await keys.sign(input, with: key))
      let set = try ProviderKeySet(json: JWKSet.render(keys: [key.publicKey]))
      let expectations = ProviderTokenExpectations(
        issuer: "https://i",
        clientIDs: ["rp"],
        now: Instant(seconds: 1_800_000_000)
      )
      let presented = try PresentedToken(token)
      #expect(try presented.verify(keys: set, expectations: expectations).subject == "s")
      let strangers = try await keys.makeKey(algorithm, for: Fixtures.account("444455556666"))
      let foreign = try ProviderKeySet(json: JWKSet.render(keys: [strangers.publicKey]))
      #expect(throws: JWTVerificationError.keyUnknown(key.keyID.description)) {
        try presented.verify(keys: foreign, expectations: expectations)
      }
    }
  }
}

@Suite struct ConcurrencyTests {
  @Test func `eight tasks with 200 signatures each get valid ones from a cache that is too small`()
    async throws
  {
    let keys = LocalKeys(keyEncryptionKey: .ephemeral(), cachedKeys: 3)
    var made: [SealedSigningKey] = []
    for algorithm in [SigningAlgorithm.rs256, .rs256, .es384, .es384, .es384] {
      made.append(try await keys.makeKey(algorithm, for: Fixtures.account()))
    }
    let all = made
    let valid = try await withThrowingTaskGroup(of: Int.self) { group in
      for task in 0..<8 {
        group.addTask {
          var valid = 0
          for index in 0..<200 {
            let key = all[(task + index) % all.count]
            let message = Array("\(task) \(index)".utf8)
            let signature = try await keys.sign(message, with: key)
            if try Fixtures.verifies(signature, message, key.publicKey) { valid += 1 }
          }
          return valid
        }
      }
      return try await group.reduce(0, +)
    }
    #expect(valid == 1600)
    #expect(keys.cachedKeyCount <= 3)
  }

  @Test func `the cache keeps the keys that are in use and lets the oldest go`() async throws {
    let keys = LocalKeys(keyEncryptionKey: .ephemeral(), cachedKeys: 4)
    for _ in 0..<9 { _ = try await keys.makeKey(.es384, for: Fixtures.account()) }
    #expect(keys.cachedKeyCount == 4)
  }
}

@Suite struct RSAKeyPoolTests {
  private func waitUntil(_ condition: () -> Bool) async throws {
    for _ in 0..<6000 where !condition() { try await Task.sleep(for: .milliseconds(50)) }
    #expect(condition())
  }

  @Test(.timeLimit(.minutes(20)))
  func `the pool fills, gives a key once, fills again, and stops when it is told to`() async throws {
    let pool = RSAKeyPool(capacity: 2)
    let keys = LocalKeys(keyEncryptionKey: .ephemeral(), rsaKeyPool: pool)
    #expect(pool.readyCount == 0)
    let stopped = try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        await pool.run()
        return true
      }
      try await waitUntil { pool.readyCount == 2 }
      var ids: Set<KeyID> = []
      for _ in 0..<5 { ids.insert(try await keys.makeKey(.rs256, for: Fixtures.account()).keyID) }
      #expect(ids.count == 5)
      try await waitUntil { pool.readyCount == 2 }
      group.cancelAll()
      return try await group.next()
    }
    #expect(stopped == true)
  }

  /// A pool whose keys are made when `gate` lets them.
  private func heldPool(_ gate: DispatchSemaphore) -> RSAKeyPool {
    RSAKeyPool {
      gate.wait()
      return try RSAKeyPair.generate()
    }
  }

  @Test(.timeLimit(.minutes(20)))
  func `an account waits for two keys at most`() async throws {
    let gate = DispatchSemaphore(value: 0)
    let pool = heldPool(gate)
    let keys = LocalKeys(keyEncryptionKey: .ephemeral(), rsaKeyPool: pool)
    let account = try Fixtures.account()
    async let first = keys.makeKey(.rs256, for: account)
    async let second = keys.makeKey(.rs256, for: account)
    try await waitUntil { pool.waitingCount == 2 }
    await #expect(throws: TokenSignerError.overloaded(retryAfterSeconds: 1)) {
      try await keys.makeKey(.rs256, for: account)
    }
    gate.signal()
    gate.signal()
    let made = try await [first.keyID, second.keyID]
    #expect(made[0] != made[1])
    // It may wait again.
    gate.signal()
    #expect(try await keys.makeKey(.rs256, for: account).account == account)
  }

  @Test(.timeLimit(.minutes(20)))
  func `an account that comes waits for one key of another's at most`() async throws {
    let gate = DispatchSemaphore(value: 0)
    let pool = heldPool(gate)
    let keys = LocalKeys(keyEncryptionKey: .ephemeral(), rsaKeyPool: pool)
    let (busy, other) = (try Fixtures.account(), try Fixtures.account("444455556666"))
    let (turns, turn) = AsyncStream.makeStream(of: AccountID.self)
    var served: [AccountID?] = []
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, account) in [busy, busy, other].enumerated() {
        group.addTask {
          turn.yield(try await keys.makeKey(.rs256, for: account).account)
        }
        try await waitUntil { pool.waitingCount == index + 1 }
      }
      var order = turns.makeAsyncIterator()
      for _ in 1...3 {
        gate.signal()
        served.append(await order.next())
      }
      try await group.waitForAll()
    }
    #expect(served == [busy, other, busy])
  }

  @Test func `an empty pool that nobody fills makes a key at once`() async throws {
    let pool = RSAKeyPool(capacity: 2)
    let keys = LocalKeys(keyEncryptionKey: .ephemeral(), rsaKeyPool: pool)
    let key = try await keys.makeKey(.rs256, for: Fixtures.account())
    #expect(key.publicKey.algorithm == .rs256)
    #expect(pool.readyCount == 0)
  }
}
