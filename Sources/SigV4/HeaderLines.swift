// SPDX-License-Identifier: Apache-2.0
//
// Header lines and lists as SigV4 reads them: names fold ASCII case, white space around a value does not count.
// Works on the bytes in place, because a verifier looks at every line several times. Source: RFC 9110 §5.

import IdentityModel

extension SignableRequest {
  /// The value of the first line named `lowercased`, without outer white space.
  func header(_ lowercased: String) -> String? {
    for field in headers where field.isNamed(lowercased) { return field.trimmedValue }
    return nil
  }

  /// Refuses a second line of any header that selects the key, the day or the meaning of the request.
  ///
  /// Other headers may repeat: their values are signed joined in order, which is what the repetition means.
  func refuseDuplicateHeaders() throws(SigV4Error) {
    for (index, field) in headers.enumerated() where field.standsOnce {
      for earlier in headers[..<index] where earlier.hasSameName(as: field) {
        throw .duplicateHeader(asciiLowercased(field.name))
      }
    }
  }
}

extension HTTPField {
  /// Whether the name, in lower case, is `lowercased`.
  func isNamed(_ lowercased: String) -> Bool {
    let left = name.utf8.span
    let right = lowercased.utf8.span
    guard left.count == right.count else { return false }
    for index in left.indices where folded(left[index]) != right[index] { return false }
    return true
  }

  /// Whether the name begins with `x-amz-`, in any case.
  var isAmazonHeader: Bool {
    let left = name.utf8.span
    let right = "x-amz-".utf8.span
    guard left.count >= right.count else { return false }
    for index in right.indices where folded(left[index]) != right[index] { return false }
    return true
  }

  /// The value without outer white space.
  var trimmedValue: String {
    guard let first = value.utf8.first, let last = value.utf8.last, isWhiteSpace(first) || isWhiteSpace(last)
    else { return value }
    return String(decoding: Array(value.utf8)[...].trimmingWhiteSpace, as: UTF8.self)
  }

  fileprivate var standsOnce: Bool {
    isAmazonHeader || isNamed("host") || isNamed("date") || isNamed("content-type")
  }

  fileprivate func hasSameName(as other: HTTPField) -> Bool {
    let left = name.utf8.span
    let right = other.name.utf8.span
    guard left.count == right.count else { return false }
    for index in left.indices where folded(left[index]) != folded(right[index]) { return false }
    return true
  }
}

extension ArraySlice<UInt8> {
  /// This without outer white space.
  var trimmingWhiteSpace: ArraySlice<UInt8> {
    var trimmed = drop(while: isWhiteSpace)
    while let last = trimmed.last, isWhiteSpace(last) { trimmed.removeLast() }
    return trimmed
  }
}

extension String {
  /// The elements between separators, empty ones too. (A separator as a `Character` would match its canonical
  /// equivalents: U+037E is a semicolon to it.)
  func elements(separatedBy separator: UInt8) -> [String] {
    Array(utf8).split(separator: separator, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
  }
}

extension StringProtocol {
  /// Whether the UTF-8 bytes are those of `other`. (`==` on strings is canonical equivalence.)
  func hasSameBytes(as other: some StringProtocol) -> Bool {
    utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
  }
}

/// Whether `byte` is white space inside a line: SP or HTAB.
///
/// Source: RFC 9110 §5.6.3.
func isWhiteSpace(_ byte: UInt8) -> Bool {
  byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
}

// `asciiLowercase` again, where the compiler can see into it: this runs for every byte of every name.
private func folded(_ byte: UInt8) -> UInt8 {
  byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
}
