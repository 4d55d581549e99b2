// SPDX-License-Identifier: Apache-2.0
//
// The quick look at the claims of a token: one pass over their names, and no text is made. It passes only what
// `RegisteredClaims` reads in the slow way, and reads it alike; that has the word on everything else, and on what is wrong.
// Source: RFC 7519 §4.1.

import IdentityModel
import StrictJSON

/// The claims of a token of the plain kind, where they lie.
///
/// `iss` and `sub` are strings, `sub` not empty; `aud` is a string or an array of them, not empty; `exp`, `iat` and `nbf`
/// are integers; `jti` is a string. `nbf` and `jti` may be absent.
struct PlainClaims {
  private(set) var expiration = Instant(seconds: -1)
  private(set) var issuedAt = Instant(seconds: -1)
  private(set) var notBefore: Instant?
  /// Whether `status` stands.
  private(set) var hasStatus = false
  /// The place of AWS's claims; 0 when there are none.
  private(set) var aws = 0
  let scan: JSONScan
  private var issuerPlace = 0
  private var audiencePlace = 0

  /// `nil` for everything that is not of the plain kind.
  init?(_ claims: LazyJSONObject) {
    guard case .scanned(let scan) = claims.form else { return nil }
    self.scan = scan
    var subjectPlace = 0
    let isPlain = scan.allMembers(of: 0) { name, value in
      switch name.count {
      case 3: return take(name, value, &subjectPlace)
      case 6:
        if isNamed(name, "status") { hasStatus = true }
        return true
      case 26:
        if isNamed(name, "https://sts.amazonaws.com/") { aws = value }
        return true
      default: return true
      }
    }
    guard isPlain, issuerPlace != 0, subjectPlace != 0, audiencePlace != 0, expiration.milliseconds >= 0,
      issuedAt.milliseconds >= 0
    else { return nil }
  }

  /// Takes the claim `name`, of three letters; `false` when it is not of the plain kind.
  private mutating func take(
    _ name: UnsafeBufferPointer<UInt8>,
    _ value: Int,
    _ subjectPlace: inout Int
  ) -> Bool {
    if isNamed(name, "iss") {
      issuerPlace = value
      return scan.kind(at: value) == .string
    }
    if isNamed(name, "sub") {
      subjectPlace = value
      return scan.kind(at: value) == .string && scan.bytes(at: value, areGood: { !$0.isEmpty })
    }
    if isNamed(name, "aud") {
      audiencePlace = value
      return scan.kind(at: value) == .string || holdsAudiences(value)
    }
    if isNamed(name, "jti") { return scan.kind(at: value) == .string }
    let isExpiration = isNamed(name, "exp"), isBeginning = isNamed(name, "nbf")
    guard isExpiration || isBeginning || isNamed(name, "iat") else { return true }
    guard let time = date(at: value) else { return false }
    if isExpiration { expiration = time } else if isBeginning { notBefore = time } else { issuedAt = time }
    return true
  }

  /// A date of at most eleven digits: up to the year 5138.
  private func date(at place: Int) -> Instant? {
    guard scan.kind(at: place) == .number else { return nil }
    var seconds: Int64 = 0
    let isPlain = scan.bytes(
      at: place,
      areGood: { digits in
        guard digits.count <= 11 else { return false }
        for digit in digits {
          guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return false }
          seconds = seconds * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        return true
      }
    )
    return isPlain ? Instant(seconds: seconds) : nil
  }

  private func holdsAudiences(_ place: Int) -> Bool {
    guard scan.kind(at: place) == .array else { return false }
    let end = scan.next(after: place)
    var element = place + 1
    while element < end {
      guard scan.kind(at: element) == .string else { return false }
      element = scan.next(after: element)
    }
    return end > place + 1
  }

  /// The `iss`.
  var issuer: String { String(decoding: scan.bytes(at: issuerPlace), as: UTF8.self) }

  /// Whether the `iss` has exactly the bytes of `name`.
  func isIssuer(_ name: String) -> Bool {
    scan.bytes(at: issuerPlace, areGood: { same(name, $0) })
  }

  /// The first of `aud` that is one of `expected`.
  func audience(among expected: [String]) -> String? {
    guard scan.kind(at: audiencePlace) == .array else { return member(of: expected, at: audiencePlace) }
    var element = audiencePlace + 1
    while element < scan.next(after: audiencePlace) {
      if let found = member(of: expected, at: element) { return found }
      element = scan.next(after: element)
    }
    return nil
  }

  private func member(of expected: [String], at place: Int) -> String? {
    for name in expected where scan.bytes(at: place, areGood: { same(name, $0) }) { return name }
    return nil
  }
}

/// Whether `name` has exactly the bytes of `text`.
func isNamed(_ name: UnsafeBufferPointer<UInt8>, _ text: StaticString) -> Bool {
  guard name.count == text.utf8CodeUnitCount else { return false }
  for index in 0..<name.count where name[index] != text.utf8Start[index] { return false }
  return true
}
