// SPDX-License-Identifier: Apache-2.0
//
// A public key of one of our own kinds out of SubjectPublicKeyInfo in PEM. Source: RFC 7468 §13; RFC 5480; RFC 8017 A.1.

import Crypto
import CryptoExtras
package import IdentityModel

extension PublicKey {
  /// Reads `pem`; `nil` for anything but one RSA key of at least 2048 bits or one key on P-384.
  package init?(pem: String) {
    if let key = try? P384.Signing.PublicKey(pemRepresentation: pem) {
      let point = Array(key.rawRepresentation)
      self = .p384(x: Array(point[..<48]), y: Array(point[48...]))
    } else if let key = try? _RSA.Signing.PublicKey(pemRepresentation: pem),
      let numbers = try? key.getKeyPrimitives()
    {
      self = .rsa(modulus: Array(numbers.modulus), exponent: Array(numbers.publicExponent))
    } else {
      return nil
    }
  }
}
