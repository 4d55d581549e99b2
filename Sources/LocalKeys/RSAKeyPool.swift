// SPDX-License-Identifier: Apache-2.0
//
// RSA keys made ahead of time: generation takes 50 ms and more, and an account should not wait for it. It runs on a
// queue of its own, one key at a time: no cooperative thread is ever blocked by it, and however many accounts ask
// for keys at once, they occupy one core. Who waits is served in turn, account by account. Pre-made keys exist in memory
// only and belong to nobody yet.

import CryptoExtras
import Dispatch
import Federation
import IdentityModel
import Synchronization

/// A new RSA-2048 key, unsealed.
package struct RSAKeyPair: Sendable {
  /// The private half.
  var pkcs8: [UInt8]
  /// The public half.
  let publicKey: PublicKey

  /// Makes one; takes 50 ms and more.
  package static func generate() throws -> RSAKeyPair {
    let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
    let numbers = try key.publicKey.getKeyPrimitives()
    return RSAKeyPair(
      pkcs8: Array(key.pkcs8DERRepresentation),
      publicKey: .rsa(modulus: Array(numbers.modulus), exponent: Array(numbers.publicExponent))
    )
  }
}

/// A few RSA-2048 keys, ready to be taken.
package final class RSAKeyPool: Sendable {
  private typealias Made = Result<RSAKeyPair, TokenSignerError>

  // INVARIANT: no key is ready while anybody waits.
  private struct State {
    var ready: [RSAKeyPair] = []
    var waiting: FairOrder<AccountID, CheckedContinuation<Made, Never>>
  }

  /// The most keys that one account may wait for.
  private static let limitPerAccount = 2
  /// The most keys that all accounts may wait for.
  private static let limit = 4096

  private let capacity: Int
  private let generate: @Sendable () throws -> RSAKeyPair
  private let state = Mutex(State(waiting: FairOrder(limit: limit, limitPerFlow: limitPerAccount)))
  private let queue = DispatchQueue(label: "exeat.rsa-key-generation", qos: .utility)
  private let shortages: AsyncStream<Void>
  private let shortage: AsyncStream<Void>.Continuation

  /// Makes an empty pool that `run` fills up to `capacity` keys, which come from `generate`.
  package init(
    capacity: Int = 4,
    generate: @escaping @Sendable () throws -> RSAKeyPair = RSAKeyPair.generate
  ) {
    self.capacity = capacity
    self.generate = generate
    (self.shortages, self.shortage) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    shortage.yield()
  }

  /// How many keys are ready.
  package var readyCount: Int { state.withLock { $0.ready.count } }

  /// How many keys are waited for.
  package var waitingCount: Int { state.withLock { $0.waiting.count(.fresh) } }

  /// Fills the pool, and again whenever a key is taken, until the task is cancelled.
  ///
  /// To be run once, as a service. Without it every key is made when it is asked for.
  package func run() async {
    for await _ in shortages {
      while !Task.isCancelled, readyCount < capacity, await fill() {}
    }
  }

  /// A key nobody else gets, for `account`: from the pool, or made in its turn when the pool is empty.
  ///
  /// Throws `overloaded` when the account waits for as many keys as it may.
  func take(for account: AccountID) async throws(TokenSignerError) -> RSAKeyPair {
    let made: Made = await withCheckedContinuation { continuation in
      let now: Made? = state.withLock { state in
        if let pair = state.ready.popLast() {
          state.waiting.passes(account, cost: 1)
          return .success(pair)
        }
        let isAdmitted = state.waiting.add(continuation, of: account, cost: 1)
        return isAdmitted ? nil : .failure(.overloaded(retryAfterSeconds: 1))
      }
      if let now { continuation.resume(returning: now) } else { queue.async { _ = self.makeOne() } }
    }
    shortage.yield()
    return try made.get()
  }

  /// A key nobody else gets, from the pool; `nil` when it is empty.
  func takeReady() -> RSAKeyPair? {
    let pair = state.withLock { $0.ready.popLast() }
    shortage.yield()
    return pair
  }

  private func fill() async -> Bool {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: self.makeOne()) }
    }
  }

  /// Makes a key, on `queue`, for whoever is then first in turn or else for the pool; `false` when it cannot be made.
  private func makeOne() -> Bool {
    guard state.withLock({ $0.waiting.count(.fresh) > 0 || $0.ready.count < capacity }) else { return true }
    let made = Result { try generate() }.mapError { TokenSignerError.failed("RSA-2048 generation: \($0)") }
    let first = state.withLock { state in
      let first = state.waiting.next()
      if first == nil, case .success(let pair) = made { state.ready.append(pair) }
      return first
    }
    first?.resume(returning: made)
    if case .success = made { return true }
    return false
  }
}
