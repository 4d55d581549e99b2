// SPDX-License-Identifier: Apache-2.0
//
// RSA keys made ahead of time: generation takes 50 ms and more, and an account should not wait for it. It runs on a
// queue of its own, one key at a time: no cooperative thread is ever blocked by it, and however many accounts ask
// for keys at once, they occupy one core. Pre-made keys exist in memory only and belong to nobody yet.

import CryptoExtras
import Dispatch
import Federation
import IdentityModel
import Synchronization

/// A new RSA-2048 key, unsealed.
struct RSAKeyPair: Sendable {
  /// The private half.
  var pkcs8: [UInt8]
  /// The public half.
  let publicKey: PublicKey
}

/// A few RSA-2048 keys, ready to be taken.
package final class RSAKeyPool: Sendable {
  private let capacity: Int
  private let ready = Mutex<[RSAKeyPair]>([])
  private let queue = DispatchQueue(label: "exeat.rsa-key-generation", qos: .utility)
  private let shortages: AsyncStream<Void>
  private let shortage: AsyncStream<Void>.Continuation

  /// Makes an empty pool that `run` fills up to `capacity` keys.
  package init(capacity: Int = 4) {
    self.capacity = capacity
    (self.shortages, self.shortage) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    shortage.yield()
  }

  /// How many keys are ready.
  package var readyCount: Int { ready.withLock { $0.count } }

  /// Fills the pool, and again whenever a key is taken, until the task is cancelled.
  ///
  /// To be run once, as a service. Without it every key is made when it is asked for.
  package func run() async {
    for await _ in shortages {
      while !Task.isCancelled, readyCount < capacity, let pair = try? await generate() {
        ready.withLock { $0.append(pair) }
      }
    }
  }

  /// A key nobody else gets: from the pool, or made now when it is empty.
  func take() async throws(TokenSignerError) -> RSAKeyPair {
    if let pair = takeReady() { return pair }
    return try await generate()
  }

  /// A key nobody else gets, from the pool; `nil` when it is empty.
  func takeReady() -> RSAKeyPair? {
    let pair = ready.withLock { $0.popLast() }
    shortage.yield()
    return pair
  }

  private func generate() async throws(TokenSignerError) -> RSAKeyPair {
    let result: Result<RSAKeyPair, TokenSignerError> = await withCheckedContinuation { continuation in
      queue.async {
        continuation.resume(
          returning: Result {
            let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
            let numbers = try key.publicKey.getKeyPrimitives()
            return RSAKeyPair(
              pkcs8: Array(key.pkcs8DERRepresentation),
              publicKey: .rsa(modulus: Array(numbers.modulus), exponent: Array(numbers.publicExponent))
            )
          }.mapError { .failed("RSA-2048 generation: \($0)") }
        )
      }
    }
    return try result.get()
  }
}
