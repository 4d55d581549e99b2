// SPDX-License-Identifier: Apache-2.0
//
// Values on their way into XML: each is checked as its field demands, and the refusal names the field. Source: SAML Core
// 2.0 §1.3.

import IdentityModel

/// The `ID` of an assertion, response or descriptor: an `NCName` that no other document has.
package struct SAMLIdentifier: Sendable {
  /// `_` and hexadecimal digits.
  package let text: String

  /// Spells `random`, 16 to 64 octets of chance.
  ///
  /// Source: SAML Core 2.0 §1.3.4: "the probability of two randomly chosen identifiers being identical MUST be less than
  /// or equal to 2 to the power of -128".
  package init(random: [UInt8]) throws(SAMLError) {
    guard (16...64).contains(random.count) else { throw .identifierOfWrongLength(random.count) }
    let digits = Array("0123456789abcdef".utf8)
    let text = random.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    self.text = "_" + String(decoding: text, as: UTF8.self)
  }

  var xml: XMLText { XMLText(checked: text) }
}

extension SAMLField {
  /// Any text.
  func text(_ string: String) throws(SAMLError) -> XMLText {
    guard let text = XMLText(string) else { throw .forbiddenCharacter(self) }
    return text
  }

  /// Text that says something: SAML Core 2.0 §1.3.1, "at least one non-whitespace character".
  func name(_ string: String) throws(SAMLError) -> XMLText {
    guard !string.utf8.allSatisfy(isXMLSpace) else { throw .empty(self) }
    return try text(string)
  }

  /// A URI reference: SAML Core 2.0 §1.3.2; at most 1,024 characters, as §8.3.6 says of entities.
  ///
  /// SECURITY: white space would be collapsed by some that read it and not by others.
  func uri(_ string: String) throws(SAMLError) -> XMLText {
    let text = try name(string)
    guard !string.utf8.contains(where: isXMLSpace), string.unicodeScalars.count <= 1024 else {
      throw .notURI(self)
    }
    return text
  }

  /// An `NCName`.
  func identifier(_ string: String) throws(SAMLError) -> XMLText {
    let text = try name(string)
    guard let first = string.unicodeScalars.first, startsXMLName(first),
      string.unicodeScalars.allSatisfy(continuesXMLName)
    else { throw .notNCName(self) }
    return text
  }

  /// A time in UTC, rounded down to whole seconds: SAML Core 2.0 §1.3.3.
  func time(_ instant: Instant) throws(SAMLError) -> XMLText {
    guard (0...maximumNumericDate).contains(instant.seconds) else { throw .impossibleTime(self) }
    return XMLText(checked: instant.rfc3339)
  }
}

/// `text` without the white space at its ends, as generously as any service takes it off: that of Unicode, and U+FEFF.
func trimmed(_ text: String) -> String {
  func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isWhitespace || scalar.value == 0xFEFF
  }
  let scalars = text.unicodeScalars
  guard let start = scalars.firstIndex(where: { !isSpace($0) }),
    let end = scalars.lastIndex(where: { !isSpace($0) })
  else { return "" }
  return String(scalars[start...end])
}
