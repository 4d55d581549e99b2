// SPDX-License-Identifier: Apache-2.0
//
// How the registered header members and claims are read by every verifier here: present, of the right type, and for
// this kind of token. Source: RFC 7519 §4.1, §5; RFC 7515 §4.1.9; RFC 8725 §3.11.

package import IdentityModel
package import StrictJSON

extension JSONMembers {
  /// A claim that must stand and be a string.
  package func claim(_ name: String) throws(JWTVerificationError) -> String {
    guard let claim = try claimIfPresent(name) else { throw .claimMissing(name) }
    return claim
  }

  /// A claim that is a string when it stands.
  package func claimIfPresent(_ name: String) throws(JWTVerificationError) -> String? {
    guard let value = self[name] else { return nil }
    guard let string = value.string else { throw .claimMalformed(name) }
    return string
  }

  /// RFC 7519 §4.1.3: `aud` is a string, or an array of strings; an empty one is for nobody.
  package func audiences() throws(JWTVerificationError) -> [String] {
    switch self["aud"] {
    case nil:
      throw .claimMissing("aud")
    case .string(let audience):
      return [audience]
    case .array(let elements):
      let audiences = elements.compactMap(\.string)
      guard !elements.isEmpty, audiences.count == elements.count else { throw .claimMalformed("aud") }
      return audiences
    default:
      throw .claimMalformed("aud")
    }
  }

  /// RFC 7519 §2, NumericDate: seconds since the Epoch; fractions are legal and kept to the millisecond.
  ///
  /// Accepts 0 up to the end of the year 9999; `nil` when the claim is absent.
  package func numericDate(_ name: String) throws(JWTVerificationError) -> Instant? {
    guard let value = self[name] else { return nil }
    guard case .number(let number) = value else { throw .claimMalformed(name) }
    if let seconds = number.int64, (0...maximumNumericDate).contains(seconds) {
      return Instant(seconds: seconds)
    }
    guard let seconds = Double(number.text), seconds >= 0, seconds <= Double(maximumNumericDate) else {
      throw .claimMalformed(name)
    }
    return Instant(milliseconds: Int64(seconds * 1000))
  }

  /// As a JOSE header: `typ` is absent or `JWT`, and nothing is nested.
  package func requireJWT() throws(JWTVerificationError) {
    try requireType("jwt", mayBeAbsent: true)
  }

  /// As a JOSE header: `typ` is the media type `expected`, and nothing is nested.
  ///
  /// RFC 7515 §4.1.9: media types are compared without regard to ASCII case; `application/` may be left out.
  package func requireType(_ expected: String, mayBeAbsent: Bool) throws(JWTVerificationError) {
    if let type = self["typ"] {
      guard let name = type.string, mediaType(name) == mediaType(expected) else { throw .typeMismatch(type) }
    } else if !mayBeAbsent {
      throw .typeMismatch(.null)
    }
    guard self["cty"] == nil else { throw .extensionNotUnderstood("cty") }
  }
}

/// 9999-12-31T23:59:59Z, in seconds since the Epoch.
let maximumNumericDate: Int64 = 253_402_300_799

private func mediaType(_ name: String) -> [UInt8] {
  let folded = name.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
  let prefix = Array("application/".utf8)
  // "application/" may be left out "when no other '/' appears in the media type value".
  return folded.starts(with: prefix) ? Array(folded.dropFirst(prefix.count)) : folded
}
