// SPDX-License-Identifier: Apache-2.0
//
// The token that is traded, and what kind it is: read from its own text, so that a token from a file and one from a
// server are the same thing. Refuses to judge it: whoever takes it does. Source: RFC 7519 §3; RFC 7522 §2.1; SAML 2.0
// Bindings §3.5.4.

package import IdentityModel
import FederationClient
import TokenFormats

/// Why a text is no token.
package enum SubjectTokenError: Error, Hashable, Sendable {
  /// There is nothing in it.
  case empty
  /// It is longer than the cap, in bytes.
  case tooLarge(limit: Int)
  /// It is neither a JWT in compact form nor SAML in base 64.
  case unknownKind
}

/// A token of ours that another side takes.
package struct SubjectToken: Sendable {
  /// What the other side has to know to read it.
  package enum Kind: String, Hashable, Sendable {
    /// A JWT in compact form.
    case jwt = "JWT"
    /// A SAML response in base 64.
    case samlResponse = "SAML response"
    /// A SAML assertion in base64url.
    case samlAssertion = "SAML assertion"
  }

  /// The longest token that is read, in bytes.
  package static let maximumBytes = 262_144

  /// The kind.
  package let kind: Kind
  /// The text as it is sent.
  package let secret: Secret

  /// Reads `bytes`: blanks and line feeds around the token are not part of it.
  ///
  /// - Throws: `SubjectTokenError`, which tells nothing of the text.
  package init(_ bytes: [UInt8]) throws(SubjectTokenError) {
    guard bytes.count <= Self.maximumBytes else { throw .tooLarge(limit: Self.maximumBytes) }
    let text = String(decoding: trimmed(bytes), as: UTF8.self)
    guard !text.isEmpty else { throw .empty }
    guard isFitForHeader(text) else { throw .unknownKind }
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    if parts.count == 3, parts.allSatisfy({ !$0.isEmpty && Base64URL.decode(Substring($0)) != nil }) {
      kind = .jwt
      secret = Secret(text)
      return
    }
    guard let xml = XMLBase64.decode(text) ?? Base64URL.decode(Substring(text)) else { throw .unknownKind }
    switch rootElement(xml) {
    case "Response":
      kind = .samlResponse
      secret = Secret(XMLBase64.encode(xml))
    case "Assertion":
      kind = .samlAssertion
      secret = Secret(Base64URL.encode(xml))
    default:
      throw .unknownKind
    }
  }

  /// The text as it is sent.
  var text: String { secret.withBytes { String(decoding: $0, as: UTF8.self) } }
}

private func trimmed(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
  let isBlank: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
  let start = bytes.firstIndex { !isBlank($0) } ?? bytes.endIndex
  let end = bytes.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? start
  return bytes[start..<max(start, end)]
}

/// The name of the first element, without a prefix; `nil` when the text does not begin with one.
private func rootElement(_ xml: [UInt8]) -> String? {
  var rest = trimmed(xml)
  if rest.starts(with: "<?xml".utf8) {
    guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return nil }
    rest = trimmed(Array(rest[(end + 1)...]))
  }
  guard rest.first == UInt8(ascii: "<") else { return nil }
  let name = rest.dropFirst().prefix { byte in
    byte > 0x20 && byte != UInt8(ascii: ">") && byte != UInt8(ascii: "/")
  }
  let local = name.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).last ?? []
  return String(decoding: local, as: UTF8.self)
}
