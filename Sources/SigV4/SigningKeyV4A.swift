// SPDX-License-Identifier: Apache-2.0
//
// The key pair of SigV4A: a P-256 key derived from the secret and the access key id, for every day and region.
// Source: NIST SP 800-108 §4.1 (counter mode) as AWS's signers apply it; FIPS 186-5 A.2.2 (candidates by rejection).

package import Crypto
package import IdentityModel

/// A SigV4A signing key.
///
/// SECURITY: as good as the secret.
package struct SigningKeyV4A: Sendable {
  private let privateKey: P256.Signing.PrivateKey
  /// The public half, which verifies.
  package let publicKey: P256.Signing.PublicKey

  /// Derives the key of `accessKeyID` from `secretAccessKey`.
  ///
  /// For counter 1, 2, …, 254: c = HMAC-SHA256(`AWS4A` ‖ secret, 00000001 ‖ algorithm ‖ 00 ‖ access key id ‖ counter ‖
  /// 00000100). The first c ≤ n − 2 yields d = c + 1. That the first does not has probability 2⁻³², so that the
  /// time does not depend on the secret. `nil` when no counter yields a key.
  package init?(secretAccessKey: Secret, accessKeyID: String) {
    let key = secretAccessKey.withBytes { SymmetricKey(data: "AWS4A".utf8 + $0) }
    for counter: UInt8 in 1...254 {
      let message =
        [0, 0, 0, 1] + Array(SigV4Algorithm.ecdsaP256SHA256.rawValue.utf8) + [0]
        + Array(accessKeyID.utf8) + [counter, 0, 0, 1, 0]
      let candidate = Array(HMAC<SHA256>.authenticationCode(for: message, using: key))
      guard !isGreater(candidate, than: orderMinusTwo) else { continue }
      guard let privateKey = try? P256.Signing.PrivateKey(rawRepresentation: incremented(candidate)) else {
        return nil
      }
      self.privateKey = privateKey
      self.publicKey = privateKey.publicKey
      return
    }
    return nil
  }

  /// The signature over `stringToSign`: DER in lower-case hexadecimal.
  ///
  /// Holds chance: two signatures over the same string differ.
  func signature(over stringToSign: [UInt8]) throws(SigV4Error) -> [UInt8] {
    guard let signature = try? privateKey.signature(for: stringToSign) else { throw .signingKeyUnusable }
    return [UInt8](lowerCaseHexadecimalOf: signature.derRepresentation)
  }

  /// Whether `der` is a signature over `stringToSign`.
  ///
  /// SECURITY: for every valid (r, s) there is a valid (r, n − s), and AWS's signers emit either. Whoever remembers
  /// requests against replay remembers the string to sign, not the signature.
  func isValidSignature(_ der: [UInt8], over stringToSign: [UInt8]) -> Bool {
    guard let signature = try? P256.Signing.ECDSASignature(derRepresentation: der) else { return false }
    return publicKey.isValidSignature(signature, for: stringToSign)
  }
}

// MARK: - 256-bit arithmetic, big-endian, without a branch on the value

/// n − 2, where n is the order of P-256.
///
/// Source: FIPS 186-5 / SP 800-186 §3.2.1.3.
private let orderMinusTwo: [UInt8] = [
  0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
  0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x4F,
]

/// Whether `left` > `right`: subtracts `left` from `right` and looks at the borrow.
private func isGreater(_ left: [UInt8], than right: [UInt8]) -> Bool {
  var borrow: UInt16 = 0
  for (a, b) in zip(left.reversed(), right.reversed()) {
    borrow = (UInt16(b) &- UInt16(a) &- borrow) >> 15
  }
  return borrow == 1
}

/// `number` + 1; the caller knows that it does not overflow.
private func incremented(_ number: [UInt8]) -> [UInt8] {
  var sum = number
  var carry: UInt16 = 1
  for index in sum.indices.reversed() {
    carry += UInt16(sum[index])
    sum[index] = UInt8(truncatingIfNeeded: carry)
    carry >>= 8
  }
  return sum
}
