// SPDX-License-Identifier: Apache-2.0
//
// The form in which CloudTrail's ListPublicKeys hands out the keys of digests. Source: RFC 8017 A.1.1; X.690 §8.3, §10;
// contract §5.3.

import Crypto

/// An RSA public key as `RSAPublicKey` of PKCS #1, in DER.
package struct RSAPublicKeyFile: Hashable, Sendable {
  /// The DER octets.
  package let der: [UInt8]

  /// Writes a key.
  ///
  /// - Parameters:
  ///   - modulus: `n`, big-endian.
  ///   - exponent: `e`, big-endian.
  package init(modulus: [UInt8], exponent: [UInt8]) {
    der = element(0x30, integer(modulus) + integer(exponent))
  }

  /// The DER octets in base64: `Value` of ListPublicKeys.
  package var base64: String { Base64.encode(der) }

  /// The name under which digests refer to the key: 32 hexadecimal digits.
  ///
  /// DEVIATION: the form is AWS's; AWS does not say how it is computed, and the AWS CLI only compares it. Here it is
  /// the first half of SHA-256 over the DER octets.
  package var fingerprint: String {
    hexadecimal(SHA256.hash(data: der).prefix(16))
  }
}

// A positive INTEGER, in as few octets as it takes.
private func integer(_ magnitude: [UInt8]) -> [UInt8] {
  var octets = Array(magnitude.drop { $0 == 0 })
  if octets.first.map({ $0 >= 0x80 }) ?? true { octets.insert(0, at: 0) }
  return element(0x02, octets)
}

private func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
  guard content.count >= 0x80 else { return [tag, UInt8(content.count)] + content }
  var length: [UInt8] = []
  var rest = content.count
  while rest > 0 {
    length.insert(UInt8(rest & 0xFF), at: 0)
    rest >>= 8
  }
  return [tag, 0x80 | UInt8(length.count)] + length + content
}
