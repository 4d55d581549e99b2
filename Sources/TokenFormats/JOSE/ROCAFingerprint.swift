// SPDX-License-Identifier: Apache-2.0
//
// Recognises RSA moduli made by the faulty library of CVE-2017-15361 ("ROCA"), which can be factored.
// Source: Nemec, Sys, Svenda, Klinec, Matyas: The Return of Coppersmith's Attack, CCS 2017, §2.

/// The fingerprint of CVE-2017-15361.
package enum ROCAFingerprint {
  /// Whether `modulus` (big-endian) bears the fingerprint.
  ///
  /// Every prime of that library is a power of 65537 modulo each small prime, and so is their product. The odds
  /// that an honest modulus is so for all of them are below 2⁻²⁷.
  package static func matches(_ modulus: [UInt8]) -> Bool {
    primes.allSatisfy { prime in
      let residue = modulus.reduce(0) { ($0 << 8 | Int($1)) % prime }
      var power = 1
      repeat {
        if power == residue { return true }
        power = power * 65_537 % prime
      } while power != 1
      return false
    }
  }

  private static let primes = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107,
    109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
  ]
}
