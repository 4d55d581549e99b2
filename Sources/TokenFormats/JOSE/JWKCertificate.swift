// SPDX-License-Identifier: Apache-2.0
//
// A certificate beside a key in a JWK set, for services that find keys by certificates (Ceph's RADOS gateway): the JWK
// member `x5c`, and the fingerprint that such services ask for. Nothing here believes a certificate.
// Source: RFC 7517 §4.7; AWS IAM API, CreateOpenIDConnectProvider, ThumbprintList.

import Crypto
import StrictJSON

extension EncodedCertificate {
  /// The SHA-1 of the certificate: 40 hexadecimal digits, as `openssl x509 -fingerprint` has them between its colons.
  ///
  /// A name for it and nothing more: two certificates with one fingerprint can be made.
  package var sha1Fingerprint: String {
    let digits = Array("0123456789ABCDEF".utf8)
    return String(
      decoding: Insecure.SHA1.hash(data: der).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
      as: UTF8.self
    )
  }

  /// Writes `x5c`: an array with this one certificate, in base 64 (not base64url) as §4.7 asks.
  func writeX5C(to writer: inout JSONWriter) {
    writer.name("x5c")
    writer.array { writer in writer.string(XMLBase64.encode(der)) }
  }
}
