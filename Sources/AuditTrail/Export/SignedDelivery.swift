// SPDX-License-Identifier: Apache-2.0
//
// The header lines with which a batch of records is posted, so that the receiver can tell who sent it, when, and whether
// it came before. Source: Standard Webhooks 1.0.0 (id, timestamp, signature); RFC 2104.

import Crypto
package import IdentityModel

/// The key with which deliveries are signed.
package struct DeliveryKey: Sendable {
  /// The fewest bytes of a key.
  package static let minimumBytes = 24

  private let key: Secret

  /// Reads the text of a key: `whsec_` and base 64, or the key itself; white space at its ends is not part of it.
  ///
  /// - Throws: `AuditTrailError.malformedPart` for base 64 that is none, and for fewer than 24 bytes.
  package init(_ text: Secret) throws(AuditTrailError) {
    key = try text.withBytes { (bytes) throws(AuditTrailError) in
      let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
      var trimmed = bytes.drop(while: isSpace)
      while let last = trimmed.last, isSpace(last) { trimmed.removeLast() }
      var key = Array(trimmed)
      let prefix = Array("whsec_".utf8)
      if trimmed.starts(with: prefix) {
        let encoded = String(decoding: trimmed.dropFirst(prefix.count), as: UTF8.self)
        guard let decoded = Base64.decode(encoded) else { throw .malformedPart("secret") }
        key = decoded
      }
      guard key.count >= Self.minimumBytes else { throw .malformedPart("secret") }
      return Secret(key)
    }
  }

  /// Signs a delivery.
  ///
  /// - Parameters:
  ///   - id: the same for each try of one delivery; without a dot.
  ///   - now: when this try begins.
  ///   - body: what is posted.
  /// - Returns: the header lines; `webhook-signature` is `v1,` and the base 64 of HMAC-SHA256 over id, time in seconds and
  ///   body with a dot between.
  package func headers(id: String, now: Instant, body: [UInt8]) -> [HTTPField] {
    let message = Array("\(id).\(now.seconds).".utf8) + body
    let signature = key.withBytes { key in
      Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key)))
    }
    return [
      HTTPField("webhook-id", id), HTTPField("webhook-timestamp", String(now.seconds)),
      HTTPField("webhook-signature", "v1,\(Base64.encode(signature))"),
    ]
  }
}

/// Names a delivery of the records `first` to `last`: by their places in the log, and by what is posted, so that two
/// servers never share a name.
package func deliveryID(first: Int64, last: Int64, body: [UInt8]) -> String {
  "\(first)-\(last)-\(hexadecimal(SHA256.hash(data: body).prefix(16)))"
}
