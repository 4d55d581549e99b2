// SPDX-License-Identifier: Apache-2.0
//
// Fetches what a stranger's token points at, without letting the token choose where in our network we connect: https,
// a name that is resolved once, an address that is judged and then connected to, no redirect, 1 MiB, 5 s.
// Refuses to know what the documents mean. Source: RFC 8725 §3.10; OpenID Connect Discovery 1.0 §4; RFC 9700 §4.11.

import IdentityModel
package import RelyingParty

/// Which addresses an issuer may have.
package struct IssuerPolicy: Hashable, Sendable {
  /// Whether an issuer may lie on this host, on a private network or on the link.
  package var allowPrivateAddresses: Bool
  /// Whether an issuer on loopback may do without TLS: for development.
  package var allowHTTPOnLoopback: Bool
  /// Networks that are not on the internet in which an issuer may lie; on one of loopback it may do without TLS.
  ///
  /// SECURITY: a network opens only addresses of the kind of its first one. So `10.0.0.0/8` opens no loopback, and
  /// `0.0.0.0/0` nothing at all, the metadata services of the clouds among it.
  package var allowedNetworks: [IPNetwork]

  /// Gathers the permissions; none by default.
  package init(
    allowPrivateAddresses: Bool = false,
    allowHTTPOnLoopback: Bool = false,
    allowedNetworks: [IPNetwork] = []
  ) {
    self.allowPrivateAddresses = allowPrivateAddresses
    self.allowHTTPOnLoopback = allowHTTPOnLoopback
    self.allowedNetworks = allowedNetworks
  }

  /// Whether an issuer with `scheme` may be connected to at `address`.
  func allows(_ address: IPAddress, _ scheme: HTTPURL.Scheme) -> Bool {
    let reach = address.reach
    let isNamed = allowedNetworks.contains { $0.base.reach == reach && $0.contains(address) }
    return switch (reach, scheme) {
    case (.special, _): false
    case (.loopback, .http): allowHTTPOnLoopback || isNamed
    case (_, .http): false
    case (.global, .https): true
    case (.loopback, .https): allowPrivateAddresses || allowHTTPOnLoopback || isNamed
    case (.privateNetwork, .https), (.linkLocal, .https): allowPrivateAddresses || isNamed
    }
  }

  /// Whether plain http may be spoken anywhere at all.
  var allowsHTTP: Bool { allowHTTPOnLoopback || allowedNetworks.contains { $0.base.reach == .loopback } }
}

/// Why a document was not fetched.
package enum IssuerFetchError: Error, Hashable, Sendable {
  /// The URL is http, and that is not allowed here.
  case insecure
  /// The host has no address.
  case unresolved(host: String)
  /// The host has an address that must not be connected to.
  case addressRefused(host: String, IPAddress)
  /// There was no whole answer.
  case http(FederationHTTPError)
  /// The answer is a redirect, which is not followed.
  case redirected(status: Int)
  /// The answer has another status than 200.
  case status(Int)

  /// Whether nobody answered, or not now, so that a later try may do better.
  package var isTransient: Bool {
    switch self {
    case .unresolved, .http: true
    case .status(let status): status >= 500 || status == 429
    case .insecure, .addressRefused, .redirected: false
    }
  }

  /// The reason in words; nothing in it can steer a terminal.
  package var words: String { printable(reason(self)) }
}

/// Fetches documents of issuers.
package struct IssuerFetcher: Sendable {
  let http: FederationHTTPClient
  let resolver: HostResolver
  let policy: IssuerPolicy

  /// Makes a fetcher.
  ///
  /// - Parameters:
  ///   - http: the way to the issuers.
  ///   - resolver: how hosts are resolved.
  ///   - policy: which addresses an issuer may have.
  package init(http: FederationHTTPClient, resolver: HostResolver = .system, policy: IssuerPolicy) {
    self.http = http
    self.resolver = resolver
    self.policy = policy
  }

  static let timeoutSeconds = 5
  static let maximumBytes = 1 << 20

  /// The answer with status 200; everything together, the resolver and several addresses, takes `timeoutSeconds`.
  ///
  /// - Parameters:
  ///   - url: where the document is.
  ///   - accept: the media type to ask for.
  /// - Returns: the whole answer.
  /// - Throws: `IssuerFetchError`.
  package func fetch(
    _ url: HTTPURL,
    accept: String = "application/json"
  ) async throws(IssuerFetchError) -> HTTPAnswer {
    let answer: HTTPAnswer
    do {
      answer = try await withDeadline(seconds: Self.timeoutSeconds) {
        try await self.answer(of: url, accept)
      }
    } catch let error as IssuerFetchError {
      throw error
    } catch {
      throw .http(.timedOut(seconds: Self.timeoutSeconds))
    }
    switch answer.status {
    case 200: return answer
    case 300..<400: throw .redirected(status: answer.status)
    default: throw .status(answer.status)
    }
  }

  // SECURITY: judged and connected to are the same addresses; the name is not resolved a second time, so that a
  // server for the name cannot give a harmless address first and another one then.
  private func answer(of url: HTTPURL, _ accept: String) async throws(IssuerFetchError) -> HTTPAnswer {
    guard url.scheme == .https || policy.allowsHTTP else { throw .insecure }
    let addresses: [IPAddress]
    if let address = IPAddress(url.host) {
      addresses = [address]
    } else {
      addresses = await resolver.addresses(url.host)
    }
    guard !addresses.isEmpty else { throw .unresolved(host: url.host) }
    for address in addresses where !policy.allows(address, url.scheme) {
      if url.scheme == .http { throw .insecure }
      throw .addressRefused(host: url.host, address)
    }
    var last = FederationHTTPError.unreachable(reason: "")
    for address in addresses.prefix(4) {
      do throws(FederationHTTPError) {
        return try await http.send(
          HTTPCall(method: "GET", url: url, headers: [HTTPField("Accept", accept)]),
          connectingTo: address,
          timeoutSeconds: IssuerFetcher.timeoutSeconds,
          maximumBodyBytes: IssuerFetcher.maximumBytes
        )
      } catch {
        last = error
        // Another address helps where nobody answered at this one, and nowhere else.
        guard case .unreachable = error else { break }
      }
    }
    throw .http(last)
  }
}

extension IssuerFetcher: DocumentFetcher {
  /// Fetches the document at `url`.
  ///
  /// - Throws: `DocumentFetchError`: `refused` for a URL or an address that is not allowed, a redirect, and a status
  ///   between 400 and 499; `unavailable` for everything that may pass.
  package func fetch(_ url: String, accept: String) async throws(DocumentFetchError) -> FetchedDocument {
    let parsed: HTTPURL
    do {
      parsed = try HTTPURL(url)
    } catch {
      throw .refused("no acceptable URL: \(reason(error))")
    }
    let answer: HTTPAnswer
    do throws(IssuerFetchError) {
      answer = try await fetch(parsed, accept: accept)
    } catch {
      throw error.isTransient ? .unavailable(error.words) : .refused(error.words)
    }
    let fields = answer.headers.filter { $0.hasName("cache-control") }.map(\.value)
    return FetchedDocument(
      body: answer.body,
      cacheControl: fields.isEmpty ? nil : fields.joined(separator: ",")
    )
  }
}
