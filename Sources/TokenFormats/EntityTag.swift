// SPDX-License-Identifier: Apache-2.0
//
// The entity tag of a published document: a digest of its bytes. Source: RFC 9110 §8.8.3.

import Crypto

/// Makes entity tags.
package enum EntityTag {
  /// A strong entity tag for `body`: quotation marks around 22 characters of base64url, 128 bits of its SHA-256.
  package static func strong(for body: [UInt8]) -> String {
    "\"\(Base64URL.encode(Array(SHA256.hash(data: body).prefix(16))))\""
  }
}
