// SPDX-License-Identifier: Apache-2.0
//
// A compact JWS taken apart, before anything of it is verified: three canonical parts, a strict header, an `alg`.
// Source: RFC 7515 §3.1, §5.2; RFC 8725 §3.4, §3.10.

package import StrictJSON

/// The three parts of a JWS in compact form, still encoded.
package struct CompactParts: Sendable {
  private let token: String
  private let headerEnd: Int
  private let payloadEnd: Int

  /// Finds the parts of `token`: before the first dot, between, and after the last one.
  ///
  /// - Throws: `tooLong` or `notCompact`. That there are more than two dots is told when a part is decoded.
  package init(_ token: String, maximumBytes: Int) throws(JWTVerificationError) {
    guard token.utf8.count <= maximumBytes else { throw .tooLong(limit: maximumBytes) }
    // Its bytes are read several times where they lie.
    var token = token
    token.makeContiguousUTF8()
    // A dot between these two is found when the payload is decoded.
    let dots = token.withUTF8 { text in
      let text = UnsafeRawBufferPointer(text)
      return (firstDot(text), lastDot(text))
    }
    guard let first = dots.0, let last = dots.1, first < last else { throw .notCompact }
    self.token = token
    headerEnd = first
    payloadEnd = last
  }

  /// The octets of the header.
  package func header() throws(JWTVerificationError) -> [UInt8] { try octets(of: .header) }

  /// The octets of the payload.
  package func payload() throws(JWTVerificationError) -> [UInt8] { try octets(of: .payload) }

  /// The octets of the signature.
  package func signature() throws(JWTVerificationError) -> [UInt8] { try octets(of: .signature) }

  /// Looks at the header as it is encoded.
  package func withEncodedHeader(_ look: (UnsafeBufferPointer<UInt8>) -> Void) {
    withBytes { look(UnsafeBufferPointer(rebasing: $0[..<headerEnd])) }
  }

  /// Whether `signature` is that of `key` over header and payload as they are encoded.
  package func isSigned(by key: SignatureKey, _ signature: [UInt8], _ algorithm: JWSAlgorithm) -> Bool {
    withBytes { bytes in
      key.isValid(
        signature: signature,
        for: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[..<payloadEnd]),
        algorithm: algorithm
      )
    }
  }

  /// What the signature is over: header and payload as they are encoded.
  package var signed: [UInt8] { withBytes { Array($0[..<payloadEnd]) } }

  private func octets(of part: JWTVerificationError.Part) throws(JWTVerificationError) -> [UInt8] {
    let octets = withBytes { bytes in
      let range =
        switch part {
        case .header: 0..<headerEnd
        case .payload: (headerEnd + 1)..<payloadEnd
        case .signature: (payloadEnd + 1)..<bytes.count
        }
      return Base64URL.decode(UnsafeBufferPointer(rebasing: bytes[range]))
    }
    guard let octets else {
      let hasMoreDots = withBytes { $0[(headerEnd + 1)..<payloadEnd].contains(UInt8(ascii: ".")) }
      throw hasMoreDots ? .notCompact : .notBase64URL(part)
    }
    return octets
  }

  private func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    guard let result = token.utf8.withContiguousStorageIfAvailable(body) else {
      return Array(token.utf8).withUnsafeBufferPointer(body)
    }
    return result
  }
}

/// Where the first dot of `text` is; eight bytes at a time where there is none.
private func firstDot(_ text: UnsafeRawBufferPointer) -> Int? {
  var index = 0
  while index + 8 <= text.count, !holdsDot(text, at: index) { index += 8 }
  while index < text.count {
    if text[index] == UInt8(ascii: ".") { return index }
    index += 1
  }
  return nil
}

/// Where the last dot of `text` is.
private func lastDot(_ text: UnsafeRawBufferPointer) -> Int? {
  var end = text.count
  while end >= 8, !holdsDot(text, at: end - 8) { end -= 8 }
  while end > 0 {
    if text[end - 1] == UInt8(ascii: ".") { return end - 1 }
    end -= 1
  }
  return nil
}

/// Whether one of the eight bytes of `text` from `index` on is a dot.
private func holdsDot(_ text: UnsafeRawBufferPointer, at index: Int) -> Bool {
  let ones: UInt64 = 0x0101_0101_0101_0101
  let word = text.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ (ones &* 0x2E)
  // A byte is zero only where taking one from it borrows from its top bit.
  return (word &- ones) & ~word & (ones &* 0x80) != 0
}

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
  /// - Throws: the first check of its form that failed.
  package init(_ token: String, maximumBytes: Int) throws(JWTVerificationError) {
    let parts = try CompactParts(token, maximumBytes: maximumBytes)
    let headerBytes = try parts.header()
    payload = try parts.payload()
    signature = try parts.signature()
    header = try JWS.object(headerBytes, part: .header)
    algorithm = try header.algorithm()
    signed = parts.signed
  }

  /// Refuses `crit`, because no extension is understood here, and with it `b64` (RFC 7797).
  package func refuseExtensions() throws(JWTVerificationError) {
    try header.refuseExtensions()
  }
}

extension JSONObject {
  /// As a JOSE header: the `alg`, whatever it names.
  package func algorithm() throws(JWTVerificationError) -> String {
    guard let algorithm = self["alg"]?.string else { throw .algorithmMissing }
    return algorithm
  }

  /// As a JOSE header: refuses `crit`, because no extension is understood here, and with it `b64` (RFC 7797).
  package func refuseExtensions() throws(JWTVerificationError) {
    guard self["crit"] == nil else { throw .extensionNotUnderstood("crit") }
    guard self["b64"] == nil else { throw .extensionNotUnderstood("b64") }
  }
}
