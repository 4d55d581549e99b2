// SPDX-License-Identifier: Apache-2.0
//
// The key of SigV4: derived from the secret for one day, region and service. A value, so that a caller may keep it
// for the day instead of deriving it for each request. Source: AWS IAM User Guide, "Derive a signing key"; RFC 2104.

import Crypto
package import IdentityModel

/// A SigV4 signing key.
///
/// SECURITY: as good as the secret within its scope. Keep it no longer and show it no more than that.
package struct SigningKeyV4: Sendable {
  /// What the key is good for.
  package let scope: CredentialScope
  private let key: SymmetricKey

  /// Derives the key from `secretAccessKey`: four HMACs over the elements of `scope`.
  ///
  /// The time depends on the length of the secret only: a stand-in for an unknown key has 40 bytes, like AWS's.
  package init(secretAccessKey: Secret, scope: CredentialScope) {
    self.scope = scope
    var key = secretAccessKey.withBytes { SymmetricKey(data: "AWS4".utf8 + $0) }
    for element in [
      scope.date, scope.region?.description ?? "", scope.service, CredentialScope.terminator,
    ] {
      key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(element.utf8), using: key))
    }
    self.key = key
  }

  /// The signature over `stringToSign`: 64 lower-case hexadecimal digits.
  func signature(over stringToSign: [UInt8]) -> [UInt8] {
    HMAC<SHA256>.authenticationCode(for: stringToSign, using: key).withUnsafeBytes {
      [UInt8](lowerCaseHexadecimalOf: $0)
    }
  }

  /// Whether `octets` is the signature over `stringToSign`, compared in constant time.
  func isValidSignature(_ octets: [UInt8], over stringToSign: [UInt8]) -> Bool {
    HMAC<SHA256>.isValidAuthenticationCode(octets, authenticating: stringToSign, using: key)
  }
}
