// SPDX-License-Identifier: Apache-2.0
//
// A compact JWS taken apart, before anything of it is verified: three canonical parts, a strict header, an `alg`.
// Source: RFC 7515 §3.1, §5.2; RFC 8725 §3.4, §3.10.

package import StrictJSON

/// A JWS in compact form of which nothing is verified yet.
package struct CompactJWS: Sendable {
  /// The header.
  package let header: JSONObject
  /// The `alg`, whatever it names.
  package let algorithm: String
  /// The payload.
  package let payload: [UInt8]
  /// The signature.
  package let signature: [UInt8]
  /// What the signature is over: header and payload as they were encoded.
  package let signed: [UInt8]

  /// Takes `token` apart.
  ///
  /// - Parameters:
  ///   - token: the token, as it came.
  ///   - maximumBytes: the longest token that is read.
  ///   - knownHeader: a header that was read before, by its encoded bytes.
  /// - Throws: the first check of its form that failed.
  package init(
    _ token: String,
    maximumBytes: Int,
    knownHeader: (ArraySlice<UInt8>) -> JSONObject? = { _ in nil }
  ) throws(JWTVerificationError) {
    guard token.utf8.count <= maximumBytes else { throw .tooLong(limit: maximumBytes) }
    let parts = Array(token.utf8).split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw .notCompact }
    let known = knownHeader(parts[0])
    guard let headerBytes = known.map({ _ in [] }) ?? Base64URL.decode(utf8: parts[0]) else {
      throw .notBase64URL(.header)
    }
    guard let payload = Base64URL.decode(utf8: parts[1]) else { throw .notBase64URL(.payload) }
    guard let signature = Base64URL.decode(utf8: parts[2]) else { throw .notBase64URL(.signature) }
    header = if let known { known } else { try JWS.object(headerBytes, part: .header) }
    guard let algorithm = header["alg"]?.string else { throw .algorithmMissing }
    self.algorithm = algorithm
    self.payload = payload
    self.signature = signature
    signed = Array(parts[0]) + [UInt8(ascii: ".")] + parts[1]
  }

  /// Refuses `crit`, because no extension is understood here, and with it `b64` (RFC 7797).
  package func refuseExtensions() throws(JWTVerificationError) {
    guard header["crit"] == nil else { throw .extensionNotUnderstood("crit") }
    guard header["b64"] == nil else { throw .extensionNotUnderstood("b64") }
  }
}
