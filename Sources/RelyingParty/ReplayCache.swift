// SPDX-License-Identifier: Apache-2.0
//
// Which tokens were used already: by issuer and `jti`, never by signature, of which ECDSA has two for one message.
// Bounded; when it is full of tokens that are still alive it refuses, because what is forgotten could be used again.
// One process: several servers behind one name need one of their own. Source: RFC 7519 §4.1.7; RFC 9700 §2.2.1.

import Crypto
import IdentityModel
import Synchronization

/// Remembers tokens that were used, until they expire.
final class ReplayCache: Sendable {
  enum Verdict: Hashable, Sendable {
    case first
    case again
    case full
  }

  private struct State {
    var used: [SHA256.Digest: Instant] = [:]
    var nextSweep = Instant(seconds: 0)
  }

  private let capacity: Int
  private let state = Mutex(State())

  init(capacity: Int) {
    self.capacity = capacity
  }

  /// Marks the token `tokenID` of `issuer` as used until it expires, unless it is already.
  func use(issuer: String, tokenID: String, until expiration: Instant, now: Instant) -> Verdict {
    // The length of the issuer keeps the two texts apart.
    let name = SHA256.hash(data: Array("\(issuer.utf8.count):".utf8) + issuer.utf8 + tokenID.utf8)
    return state.withLock { state in
      if let end = state.used[name], now < end { return .again }
      if state.used.count >= capacity, now >= state.nextSweep {
        state.used = state.used.filter { now < $0.value }
        // Looking through everything for each token would be a cost of the sender's choice.
        state.nextSweep = now.advanced(bySeconds: 1)
      }
      guard state.used.count < capacity || state.used[name] != nil else { return .full }
      state.used[name] = expiration
      return .first
    }
  }
}
