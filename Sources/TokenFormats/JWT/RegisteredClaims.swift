// SPDX-License-Identifier: Apache-2.0
//
// How the registered header members and claims are read by every verifier here: present, of the right type, and for
// this kind of token. Source: RFC 7519 §4.1, §5; RFC 7515 §4.1.9; RFC 8725 §3.11.

import StrictJSON

extension JSONObject {
  /// A claim that must stand and be a string.
  func claim(_ name: String) throws(JWTVerificationError) -> String {
    guard let claim = try claimIfPresent(name) else { throw .claimMissing(name) }
    return claim
  }

  /// A claim that is a string when it stands.
  func claimIfPresent(_ name: String) throws(JWTVerificationError) -> String? {
    guard let value = self[name] else { return nil }
    guard let string = value.string else { throw .claimMalformed(name) }
    return string
  }

  /// RFC 7519 §4.1.3: `aud` is a string, or an array of strings; an empty one is for nobody.
  func audiences() throws(JWTVerificationError) -> [String] {
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

  /// As a JOSE header: `typ` is absent or `JWT`, and nothing is nested.
  func requireJWT() throws(JWTVerificationError) {
    if let type = self["typ"] {
      guard let name = type.string, isJWTMediaType(name) else { throw .typeMismatch(type) }
    }
    guard self["cty"] == nil else { throw .extensionNotUnderstood("cty") }
  }
}

/// RFC 7515 §4.1.9: a media type, compared without regard to ASCII case; `application/` may be left out.
private func isJWTMediaType(_ name: String) -> Bool {
  let folded = name.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
  return folded.elementsEqual("jwt".utf8) || folded.elementsEqual("application/jwt".utf8)
}
