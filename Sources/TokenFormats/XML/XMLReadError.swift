// SPDX-License-Identifier: Apache-2.0
//
// Why a stranger's XML is refused.

/// The first thing wrong with a text that should be XML.
///
/// Offsets count bytes from 0.
package enum XMLReadError: Error, Hashable, Sendable {
  // Size

  /// The text has more bytes.
  case tooLong(limit: Int)
  /// Elements are nested more deeply.
  case tooDeep(limit: Int)
  /// There are more elements.
  case tooManyElements(limit: Int)
  /// An element has more attributes and declarations, or more namespaces in scope.
  case tooManyAttributes(limit: Int, offset: Int)

  // Encoding

  /// The text is not UTF-8, or says that it is something else.
  case notUTF8
  /// A character that XML cannot carry.
  case forbiddenCharacter(offset: Int)
  /// A version of XML other than 1.0.
  case unknownVersion

  // Form

  /// A document type declaration, which is never read.
  case documentType(offset: Int)
  /// A reference to an entity other than the five predefined ones.
  case unknownEntity(offset: Int)
  /// The text is not well-formed.
  case notWellFormed(offset: Int)
  /// An end tag, or the end of the text, where another end tag was due.
  case unclosedElement(offset: Int)
  /// A name stands twice in one tag; attributes with different prefixes can have one name.
  case duplicateAttribute(offset: Int)

  // Namespaces

  /// A prefix is not declared.
  case undeclaredPrefix(offset: Int)
  /// A declaration that Namespaces in XML forbids, or of a URI that is relative or too long.
  case forbiddenDeclaration(offset: Int)
}
