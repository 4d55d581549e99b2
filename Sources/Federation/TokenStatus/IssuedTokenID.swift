// SPDX-License-Identifier: Apache-2.0
//
// The time in the ids of tokens: a revocation by id finds the one record among millions by it, and no token pays for an
// index that only the rare revocation needs. The id stays as random to look at as it was. Source: docs/decisions/0026.

package import IdentityModel

/// Ids of tokens and of assertions.
package enum IssuedTokenID {
  /// `count` random octets, the last four of which are the first four XOR the milliseconds of `now` modulo 2³²: 49 days.
  static func octets(_ count: Int, at now: Instant, _ entropy: Entropy) -> [UInt8] {
    var octets = entropy.octets(count)
    let time = UInt32(truncatingIfNeeded: now.milliseconds)
    for index in 0..<4 {
      octets[count - 4 + index] = octets[index] ^ UInt8(truncatingIfNeeded: time >> UInt32(24 - 8 * index))
    }
    return octets
  }

  /// When the token with the id `id` was issued, to the millisecond, if it was one of the 49 days before `now`; `nil` for
  /// what is in the form of no id.
  ///
  /// SECURITY: a stranger's id says some time, too. Whether the token was issued its record says.
  package static func time(of id: String, before now: Instant) -> Instant? {
    // A UUID, or `_` and the octets of an assertion's id, both in hexadecimal.
    let digits = id.utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") }
    guard digits.count == 32 || digits.count == 40, let first = word(digits.prefix(8)),
      let last = word(digits.suffix(8))
    else { return nil }
    let elapsed = UInt32(truncatingIfNeeded: now.milliseconds) &- (first ^ last)
    return Instant(milliseconds: now.milliseconds - Int64(elapsed))
  }

  private static func word(_ digits: some Collection<UInt8>) -> UInt32? {
    UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
  }
}
