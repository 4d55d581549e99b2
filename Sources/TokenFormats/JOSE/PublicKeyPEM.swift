// SPDX-License-Identifier: Apache-2.0
//
// A public key as OpenSSL and its like write it. Source: RFC 7468 §13; RFC 5280 §4.1.2.7.

package import IdentityModel

extension PublicKey {
  /// The `SubjectPublicKeyInfo` between its two lines, in lines of 64 characters, with a line feed after each; `nil` for a
  /// key that verifies nothing.
  package var pem: String? {
    guard let der = subjectPublicKeyInfo else { return nil }
    let text = Array(XMLBase64.encode(der).utf8)
    let lines = stride(from: 0, to: text.count, by: 64).map { start in
      String(decoding: text[start..<min(start + 64, text.count)], as: UTF8.self)
    }
    return (["-----BEGIN PUBLIC KEY-----"] + lines + ["-----END PUBLIC KEY-----"]).joined(separator: "\n")
      + "\n"
  }
}
