// SPDX-License-Identifier: Apache-2.0
//
// The origin under which the world reaches this server, and the issuer URLs that follow from it. Taken from the
// configuration only: no request ever influences an issuer. Source: OpenID Connect Discovery 1.0 §3; RFC 6454.

/// The server's public origin.
///
/// Shape: `https://host` or `https://host:port`, lower case; `http` on loopback hosts only.
package struct PublicURL: Hashable, Sendable, CustomStringConvertible {
  /// Why a text is not acceptable.
  package enum Problem: Error, Hashable, Sendable {
    /// Neither `https://` nor `http://`.
    case scheme
    /// `http://` on a host that is not loopback.
    case plainHTTP
    /// No host, or characters that do not belong in one.
    case host
    /// The port is not 1…65535.
    case port
    /// A path, query, fragment or user info.
    case notAnOrigin
  }

  /// `https` or `http`.
  package let scheme: String
  /// The host in lower case, without port; an IPv6 address keeps its brackets.
  package let host: String
  /// The port when it is not the scheme's default.
  package let port: Int?

  /// Reads an origin; one trailing slash is dropped.
  package init(_ text: String) throws(Problem) {
    var rest = Substring(text)
    if rest.hasPrefix("https://") {
      scheme = "https"
    } else if rest.hasPrefix("http://") {
      scheme = "http"
    } else {
      throw .scheme
    }
    rest = rest.dropFirst(scheme.utf8.count + 3)
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    guard !rest.contains(where: { "/?#@".contains($0) }) else { throw .notAnOrigin }
    let name = hostName(of: String(rest))
    let after = rest.dropFirst(name.count)
    let isAddress = name.hasPrefix("[") && name.hasSuffix("]")
    let allowed =
      isAddress
      ? "[]0123456789abcdefABCDEF:." : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"
    guard !name.isEmpty, name.utf8.count <= 253, name.allSatisfy({ allowed.contains($0) }) else {
      throw .host
    }
    host = String(name).lowercased()
    if after.isEmpty {
      port = nil
    } else {
      guard after.hasPrefix(":"), let number = Int(after.dropFirst()), (1...65535).contains(number),
        String(number) == after.dropFirst()
      else { throw .port }
      port = number == (scheme == "https" ? 443 : 80) ? nil : number
    }
    guard scheme == "https" || isLoopback else { throw .plainHTTP }
  }

  /// Whether the host is `localhost`, a name below it, or a loopback address.
  package var isLoopback: Bool {
    host == "localhost" || host.hasSuffix(".localhost") || host == "[::1]"
      || host.hasPrefix("127.") && host.allSatisfy { "0123456789.".contains($0) }
  }

  /// The origin as it is written: no trailing slash.
  package var description: String { "\(scheme)://\(host)\(portSuffix)" }

  private var portSuffix: String { port.map { ":\($0)" } ?? "" }

  /// The issuer URL of the issuer `issuerID` in `style`.
  package func issuer(_ issuerID: String, style: IssuerStyle) -> String {
    switch style {
    case .path: "\(description)/\(issuerID)"
    case .subdomain: "\(scheme)://\(issuerID).tokens.\(host)\(portSuffix)"
    }
  }
}

/// Where issuers live below the public URL.
package enum IssuerStyle: String, Hashable, Sendable, CaseIterable {
  /// `<public-url>/<uuid>`
  case path
  /// `https://<uuid>.tokens.<domain>`: one wildcard certificate.
  case subdomain
}
