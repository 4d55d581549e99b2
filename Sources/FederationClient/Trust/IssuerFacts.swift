// SPDX-License-Identifier: Apache-2.0
//
// What an issuer publishes and where it lies, as a service that is to trust it would find out.
// Source: OpenID Connect Discovery 1.0 §4; RFC 7517.

import IdentityModel
import RelyingParty
import StrictJSON
import TokenFormats

/// What was found out about an issuer.
package struct IssuerFacts: Sendable {
  /// One published key.
  package struct Key: Sendable {
    /// `alg`; `nil` where it is not said.
    let algorithm: String?
    /// Whether it has `x5c` or `x5t`.
    let hasCertificate: Bool

    package init(algorithm: String?, hasCertificate: Bool) {
      self.algorithm = algorithm
      self.hasCertificate = hasCertificate
    }
  }

  /// Whether the URL is https.
  let isSecure: Bool
  /// Whether the host's name is one that the internet's DNS could have.
  let isPublicName: Bool
  /// The first of its addresses that is not on the internet.
  let privateAddress: String?
  /// Its keys; or why they could not be had.
  let keys: Result<[Key], Unreachable>

  /// Why there are no keys, as a sentence.
  package struct Unreachable: Error, Sendable {
    let reason: String

    package init(_ reason: String) { self.reason = reason }
  }

  package init(isSecure: Bool, isPublicName: Bool, privateAddress: String?, keys: Result<[Key], Unreachable>)
  {
    self.isSecure = isSecure
    self.isPublicName = isPublicName
    self.privateAddress = privateAddress
    self.keys = keys
  }

  /// Asks the issuer at `url`, wherever it lies: the user named it.
  ///
  /// - Parameters:
  ///   - url: the issuer.
  ///   - http: the way to the network.
  ///   - resolver: how hosts are resolved.
  ///   - fetches: whether its documents are fetched, too.
  /// - Returns: what was found out; `nil` when `url` is none.
  package static func of(
    _ url: String,
    http: FederationHTTPClient,
    resolver: HostResolver = .system,
    fetches: Bool
  ) async -> IssuerFacts? {
    guard let parsed = try? HTTPURL(url) else { return nil }
    let addresses =
      if let address = IPAddress(parsed.host) { [address] } else { await resolver.addresses(parsed.host) }
    let fetcher = IssuerFetcher(
      http: http,
      resolver: resolver,
      policy: IssuerPolicy(allowPrivateAddresses: true, allowHTTPOnLoopback: true)
    )
    return IssuerFacts(
      isSecure: parsed.scheme == .https,
      isPublicName: isPublic(parsed.host),
      privateAddress: addresses.first { $0.reach != .global }?.description,
      keys: fetches ? await keys(of: url, fetcher) : .failure(Unreachable("nobody asked"))
    )
  }

  private static func keys(of issuer: String, _ fetcher: IssuerFetcher) async -> Result<[Key], Unreachable> {
    do {
      let discovery = try await fetcher.fetch(try HTTPURL(issuer + "/.well-known/openid-configuration"))
      let document = try DiscoveryDocument(json: discovery.body)
      guard document.issuer.utf8.elementsEqual(issuer.utf8) else {
        return .failure(Unreachable("its discovery document calls it `\(document.issuer)`"))
      }
      let set = try JSONReader.read(try await fetcher.fetch(try HTTPURL(document.jwksURI)).body)
      guard let keys = set.object?["keys"]?.array else { return .failure(Unreachable("its key set is none")) }
      return .success(
        keys.map { key in
          Key(
            algorithm: key.object?["alg"]?.string,
            hasCertificate: (key.object?["x5c"] ?? key.object?["x5t"] ?? key.object?["x5t#S256"]) != nil
          )
        }
      )
    } catch {
      return .failure(Unreachable("discovery or key set cannot be fetched: \(words(error))"))
    }
  }

  private static func words(_ error: any Error) -> String {
    switch error {
    case let error as HTTPURLError: "one of the URLs is none: \(error.words)"
    case let error as IssuerFetchError: error.words
    case let error as DiscoveryDocumentError: printable(reason(error))
    case let error as JSONReaderError: printable(reason(error))
    default: printable(String(describing: error))
    }
  }

  /// Whether a host is a DNS name with a dot that does not end as private ones do (RFC 6762, RFC 6761, RFC 9476).
  private static func isPublic(_ host: String) -> Bool {
    guard IPAddress(host) == nil, host.utf8.contains(UInt8(ascii: ".")) else { return false }
    return [
      ".localhost", ".local", ".internal", ".test", ".example", ".invalid", ".alt", ".home.arpa", ".lan",
    ]
    .allSatisfy { !host.hasSuffix($0) }
  }
}
