// SPDX-License-Identifier: Apache-2.0
//
// The URL of a service outside, as a federation config names it: read strictly, because people, browsers and policies
// must all take it for the same place. Nothing here connects to it. Source: RFC 3986 §3; WHATWG URL Standard for what
// browsers would read otherwise.

import IdentityModel

/// The URL of a service outside.
///
/// Shape: `https://`, a DNS name or an IP address, a port from 1 to 65535, path and query in the characters of RFC 3986;
/// `http://` on loopback hosts only. No user information, no fragment, no segments `.` and `..`.
struct TargetService: Hashable, Sendable {
  /// Why a text is no such URL.
  enum Problem: Error, Hashable, Sendable, CaseIterable {
    /// Neither `https://` nor `http://`.
    case scheme
    /// A character that no URL has (a space, a control character, a backslash, one beyond ASCII), or a `%` without two
    /// digits.
    case character
    /// Something before an `@`.
    case userInformation
    /// No host, or one that is neither a DNS name nor an IP address in its usual form.
    case host
    /// A port that is not 1–65535, in decimal without leading zeros.
    case port
    /// A `#`.
    case fragment
    /// A segment `.` or `..`, percent-encoded too.
    case dotSegment
    /// `http://` on a host that is not loopback.
    case plainHTTP
  }

  /// The URL as policy knows it: scheme and host in lower case, the scheme's own port left out, no character
  /// percent-encoded that need not be, and the others in upper-case hexadecimal.
  ///
  /// Source: RFC 3986 §6.2.2.
  ///
  /// SECURITY: a condition on the URL is not evaded by another spelling of the same place.
  let policyValue: String

  /// Reads a URL.
  init(_ text: String) throws(Problem) {
    let scheme = asciiLowercased(Substring(text.utf8.prefix { $0 != UInt8(ascii: ":") }))
    guard ["https", "http"].contains(where: { $0.utf8.elementsEqual(scheme.utf8) }),
      text.utf8.dropFirst(scheme.utf8.count).starts(with: "://".utf8)
    else { throw .scheme }
    let rest = text.utf8.dropFirst(scheme.utf8.count + "://".utf8.count)
    guard rest.allSatisfy(isURLCharacter) else { throw .character }
    let authority = rest.prefix { !"/?#".utf8.contains($0) }
    let tail = rest[authority.endIndex...]
    guard !authority.contains(UInt8(ascii: "@")) else { throw .userInformation }
    guard !tail.contains(UInt8(ascii: "#")) else { throw .fragment }
    guard !tail.contains(where: { "[]".utf8.contains($0) }), isPercentEncoded(tail) else { throw .character }
    guard !hasDotSegment(tail.prefix { $0 != UInt8(ascii: "?") }) else { throw .dotSegment }

    let isBracketed = authority.first == UInt8(ascii: "[")
    let end =
      isBracketed
      ? authority.firstIndex(of: UInt8(ascii: "]")).map { authority.index(after: $0) }
      : authority.firstIndex(of: UInt8(ascii: ":"))
    let host = asciiLowercased(Substring(authority[..<(end ?? authority.endIndex)]))
    guard let isLoopback = isLoopback(host) else { throw .host }
    let port = try portNumber(authority.dropFirst(host.utf8.count))
    let isSecure = scheme.utf8.count == "https".utf8.count
    guard isSecure || isLoopback else { throw .plainHTTP }

    let written = port.flatMap { $0 == (isSecure ? 443 : 80) ? nil : ":\($0)" } ?? ""
    policyValue = "\(scheme)://\(host)\(written)\(normalized(tail))"
  }
}

extension TargetService.Problem {
  /// What the URL must be, as a client reads it.
  var demand: String {
    switch self {
    case .scheme: "It must be an absolute URL that begins with https://."
    case .character: "It must have only the characters of a URL, any other percent-encoded."
    case .userInformation: "It must have no user information."
    case .host: "Its host must be a DNS name or an IP address."
    case .port: "Its port must be a number from 1 to 65535."
    case .fragment: "It must have no fragment."
    case .dotSegment: "Its path must have no segments . or .. in it."
    case .plainHTTP: "It must begin with https:// unless its host is a loopback one."
    }
  }
}

// MARK: - Host and port

/// Whether `host`, in lower case, is loopback; `nil` when it is no host.
private func isLoopback(_ host: String) -> Bool? {
  let bytes = Array(host.utf8)
  if bytes.first == UInt8(ascii: "[") {
    let text = Array(bytes.dropFirst().dropLast())
    guard bytes.last == UInt8(ascii: "]"), text.contains(UInt8(ascii: ":")),
      let address = IPRange.Address(text)
    else { return nil }
    return address.isLoopback
  }
  let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
  guard bytes.count <= 253, let last = labels.last, labels.allSatisfy(isLabel) else { return nil }
  // What ends in a number browsers take for an IPv4 address, in forms that nobody else does.
  guard !isNumber(last) else { return IPRange.Address(bytes)?.isLoopback }
  return last.elementsEqual("localhost".utf8)
}

private func isLabel(_ label: ArraySlice<UInt8>) -> Bool {
  let hyphen = UInt8(ascii: "-")
  return (1...63).contains(label.count) && label.first != hyphen && label.last != hyphen
    && label.allSatisfy { isLetterOrDigit($0) || $0 == hyphen || $0 == UInt8(ascii: "_") }
}

/// Whether a label is decimal or, behind `0x`, hexadecimal.
private func isNumber(_ label: ArraySlice<UInt8>) -> Bool {
  label.allSatisfy(isDigit) || label.starts(with: "0x".utf8) && label.dropFirst(2).allSatisfy(isHexadecimal)
}

/// The number of `:port`; `nil` without one.
private func portNumber(_ text: Substring.UTF8View) throws(TargetService.Problem) -> Int? {
  guard let colon = text.first else { return nil }
  let digits = text.dropFirst()
  guard colon == UInt8(ascii: ":"), (1...5).contains(digits.count), digits.allSatisfy(isDigit),
    digits.first != UInt8(ascii: "0"), let number = Int(Substring(digits)), number <= 65_535
  else { throw .port }
  return number
}

extension IPRange.Address {
  /// Whether it is of `127.0.0.0/8`, or `::1`.
  fileprivate var isLoopback: Bool {
    octets.count == 4 ? octets[0] == 127 : octets.dropLast().allSatisfy { $0 == 0 } && octets.last == 1
  }
}

// MARK: - Characters

/// Whether RFC 3986 has the character: unreserved, reserved, or `%`.
private func isURLCharacter(_ byte: UInt8) -> Bool {
  isLetterOrDigit(byte) || "-._~:/?#[]@!$&'()*+,;=%".utf8.contains(byte)
}

/// Whether each `%` has its two digits.
private func isPercentEncoded(_ text: Substring.UTF8View) -> Bool {
  text.split(separator: UInt8(ascii: "%"), omittingEmptySubsequences: false).dropFirst()
    .allSatisfy { $0.prefix(2).count == 2 && $0.prefix(2).allSatisfy(isHexadecimal) }
}

/// `text` with its unreserved characters decoded and the digits of the others in upper case.
private func normalized(_ text: Substring.UTF8View) -> String {
  var bytes: [UInt8] = []
  var rest = text
  while let byte = rest.popFirst() {
    guard byte == UInt8(ascii: "%"), let value = UInt8(Substring(rest.prefix(2)), radix: 16) else {
      bytes.append(byte)
      continue
    }
    if isLetterOrDigit(value) || "-._~".utf8.contains(value) {
      bytes.append(value)
    } else {
      bytes += [byte] + rest.prefix(2).map(asciiUppercase)
    }
    rest = rest.dropFirst(2)
  }
  return String(decoding: bytes, as: UTF8.self)
}

private func asciiUppercase(_ byte: UInt8) -> UInt8 {
  (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) ? byte - 32 : byte
}

private func hasDotSegment(_ path: Substring.UTF8View) -> Bool {
  path.split(separator: UInt8(ascii: "/")).contains { segment in
    [".", ".."].contains(asciiLowercased(Substring(segment)).replacing("%2e", with: "."))
  }
}

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(asciiLowercase(byte)) || isDigit(byte)
}

private func isHexadecimal(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(asciiLowercase(byte)) || isDigit(byte)
}

private func isDigit(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}
