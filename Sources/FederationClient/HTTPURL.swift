// SPDX-License-Identifier: Apache-2.0
//
// An http or https URL, read by one strict grammar: every part of the client that connects somewhere gets its host
// from here, so that no two parsers can disagree about it. Refuses user information, fragments, and every byte that
// RFC 3986 does not allow unescaped. Source: RFC 3986 §3; RFC 9110 §4.2.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

import IdentityModel

/// Why a text is not an acceptable URL.
package enum HTTPURLError: Error, Hashable, Sendable {
  /// It does not begin with `https://` or `http://`, in lower case.
  case scheme
  /// It holds user information before the host.
  case userInformation
  /// It holds a fragment.
  case fragment
  /// The host is empty, or neither a name of `[A-Za-z0-9._-]` nor an IPv6 address in brackets.
  case host
  /// The port is not a number from 1 to 65535.
  case port
  /// Path or query hold a byte that must be escaped there, or a malformed escape.
  case path

  /// What is wrong, in words.
  package var words: String {
    self == .scheme ? "it begins with neither `https://` nor `http://`" : reason(self)
  }
}

/// An http or https URL.
package struct HTTPURL: Hashable, Sendable, CustomStringConvertible {
  /// The scheme.
  package enum Scheme: String, Hashable, Sendable {
    /// Without TLS.
    case http
    /// With TLS.
    case https
  }

  /// The scheme.
  package let scheme: Scheme
  /// The host in lower case: a name, an IPv4 address, or an IPv6 address without brackets.
  package let host: String
  /// The port, the scheme's own when none is written: 80 or 443.
  package let port: Int
  /// The path as written, `/` when there is none.
  package let path: String
  /// What follows `?`, as written; `nil` without one.
  package let query: String?

  /// Reads `text`.
  ///
  /// - Throws: `HTTPURLError`, naming the part that is wrong.
  package init(_ text: String) throws(HTTPURLError) {
    let rest: Substring.UTF8View
    if text.utf8.starts(with: "https://".utf8) {
      scheme = .https
      rest = text.utf8.dropFirst(8)
    } else if text.utf8.starts(with: "http://".utf8) {
      scheme = .http
      rest = text.utf8.dropFirst(7)
    } else {
      throw .scheme
    }
    guard !rest.contains(UInt8(ascii: "#")) else { throw .fragment }
    let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
    guard !authority.contains(UInt8(ascii: "@")) else { throw .userInformation }
    let isAddress = authority.first == UInt8(ascii: "[")
    let hostEnd =
      isAddress ? authority.firstIndex(of: UInt8(ascii: "]")) : authority.firstIndex(of: UInt8(ascii: ":"))
    if isAddress {
      guard let hostEnd else { throw .host }
      host = asciiLowercased(Substring(authority[..<hostEnd].dropFirst()))
      guard IPAddress(host)?.octets.count == 16 else { throw .host }
    } else {
      host = asciiLowercased(Substring(authority[..<(hostEnd ?? authority.endIndex)]))
      guard isHostName(host) else { throw .host }
    }
    var portText = authority[(hostEnd ?? authority.endIndex)...]
    if isAddress { portText = portText.dropFirst() }
    if portText.isEmpty {
      port = scheme == .https ? 443 : 80
    } else {
      guard portText.first == UInt8(ascii: ":"), portText.count <= 6,
        portText.dropFirst().allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        let number = Int(Substring(portText.dropFirst())), (1...65_535).contains(number)
      else { throw .port }
      port = number
    }
    let target = rest[authority.endIndex...]
    guard isEscaped(target) else { throw .path }
    let pathEnd = target.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
    let written = String(Substring(target[..<pathEnd]))
    path = written.isEmpty ? "/" : written
    query = pathEnd == target.endIndex ? nil : String(Substring(target[pathEnd...].dropFirst()))
  }

  /// The host as it stands in a URL, with the port unless it is the scheme's own: the `Host` header.
  package var authority: String {
    let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
    return port == (scheme == .https ? 443 : 80) ? name : "\(name):\(port)"
  }

  /// Path and query: the request target.
  package var target: String { query.map { "\(path)?\($0)" } ?? path }

  /// The URL without its query, which may hold what is nobody's business: for messages.
  package var address: String { "\(scheme.rawValue)://\(authority)\(path)" }

  /// The URL, normalised: host in lower case, no default port, a path that is never empty.
  package var description: String { "\(scheme.rawValue)://\(authority)\(target)" }
}

/// 1–253 bytes of `[a-z0-9._-]` in labels of 1–63, without a dot at an end.
private func isHostName(_ host: String) -> Bool {
  host.utf8.count <= 253
    && host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
      (1...63).contains(label.count)
        && label.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
    }
}

private func isAlphanumeric(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"):
    true
  default: false
  }
}

/// RFC 3986 §3.3, §3.4: `pchar`, `/` and `?` only, every `%` followed by two hexadecimal digits.
private func isEscaped(_ target: Substring.UTF8View) -> Bool {
  let marks = Set("-._~!$&'()*+,;=:@/?".utf8)
  var digitsDue = 0
  for byte in target {
    if digitsDue > 0 {
      let folded = asciiLowercase(byte)
      guard
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(folded)
      else { return false }
      digitsDue -= 1
    } else if byte == UInt8(ascii: "%") {
      digitsDue = 2
    } else if !isAlphanumeric(byte), !marks.contains(byte) {
      return false
    }
  }
  return digitsDue == 0
}
