// SPDX-License-Identifier: Apache-2.0
//
// The `Authorization` field, read strictly: one field, one scheme, one token. Two fields are an attempt to make two
// readers see two tokens. Source: RFC 6750 §2.1; RFC 9110 §11.6.2.

/// What the `Authorization` fields of a request say.
enum BearerField: Equatable {
  /// There is none, or one of another scheme.
  case absent
  /// There are several, or what follows `Bearer` is no token.
  case malformed
  /// The token.
  case token(String)

  /// Reads the values of all `Authorization` fields.
  init(_ values: [String]) {
    guard let value = values.first else {
      self = .absent
      return
    }
    guard values.count == 1 else {
      self = .malformed
      return
    }
    let scheme = "bearer"
    let bytes = Array(value.utf8)
    guard bytes.count >= scheme.utf8.count,
      bytes.prefix(scheme.utf8.count).map({ (65...90).contains($0) ? $0 | 0x20 : $0 }).elementsEqual(
        scheme.utf8
      )
    else {
      self = .absent
      return
    }
    let rest = bytes.dropFirst(scheme.utf8.count)
    guard let first = rest.first else {
      self = .malformed
      return
    }
    guard first == UInt8(ascii: " ") else {
      self = .absent
      return
    }
    // "credentials = "Bearer" 1*SP b64token"
    let token = rest.drop { $0 == UInt8(ascii: " ") }
    guard !token.isEmpty, token.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ",") }) else {
      self = .malformed
      return
    }
    self = .token(String(decoding: token, as: UTF8.self))
  }
}
