// SPDX-License-Identifier: Apache-2.0
//
// The session tokens of the metadata service's second version: given to whoever asks with PUT, which a page or a
// forwarded request does not, and demanded for everything else. Source: Amazon EC2 User Guide, IMDSv2.

import Federation
import IdentityModel
import Synchronization
import TokenFormats

/// The tokens that were given and live.
final class MetadataTokens: Sendable {
  /// The longest life, in seconds: six hours.
  static let longestLife = 21_600
  /// The most tokens at a time; the one that ends first gives way.
  static let maximumCount = 256

  private let tokens = Mutex<[String: Instant]>([:])
  private let entropy: Entropy

  init(entropy: Entropy) {
    self.entropy = entropy
  }

  /// A new token that lives for `seconds`.
  func make(seconds: Int, now: Instant) -> String {
    let token = Base64URL.encode(entropy.octets(32))
    tokens.withLock { tokens in
      tokens = tokens.filter { $0.value > now }
      if tokens.count >= Self.maximumCount, let first = tokens.min(by: { $0.value < $1.value })?.key {
        tokens[first] = nil
      }
      tokens[token] = now.advanced(bySeconds: Int64(seconds))
    }
    return token
  }

  /// Whether `token` was given and lives.
  func isLive(_ token: String, now: Instant) -> Bool {
    let presented = Secret(token)
    return tokens.withLock { tokens in
      // Every one is compared, each in constant time: the time tells nothing of them.
      tokens.reduce(false) { found, entry in (Secret(entry.key) == presented && entry.value > now) || found }
    }
  }
}
