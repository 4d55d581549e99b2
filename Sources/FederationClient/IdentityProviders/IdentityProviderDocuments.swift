// SPDX-License-Identifier: Apache-2.0
//
// From an issuer's URL to its keys: discovery, whose `issuer` must be the one that was asked, then the JWK set that it
// names. One client for one look, so that no host and no address of a stranger stays in memory. Refuses to know when
// to look and how long an answer is good. Source: OpenID Connect Discovery 1.0 §4; RFC 9700 §4.11.

import IdentityModel
import RelyingParty
package import TokenFormats

/// Why the keys of an issuer could not be had.
package enum IdentityProviderFetchError: Error, Hashable, Sendable, KeyFetchFailure {
  /// Which document it was.
  package enum Document: String, Hashable, Sendable {
    /// `<issuer>/.well-known/openid-configuration`.
    case discovery = "discovery document"
    /// What `jwks_uri` names.
    case keySet = "JWK set"
  }

  /// The issuer, or the `jwks_uri`, is no acceptable URL.
  case malformedURL(Document, HTTPURLError)
  /// The issuer has a query.
  case issuerWithQuery
  /// The document could not be fetched.
  case notFetched(Document, IssuerFetchError)
  /// The discovery document is none.
  case notDiscovery(DiscoveryDocumentError)
  /// The discovery document names another issuer.
  case otherIssuer(String)
  /// The JWK set is none, or not one that may be used.
  case notKeySet(JWKSetError)

  /// Whether the issuer did not answer, so that a later try may do better; otherwise it answered what cannot be used,
  /// or must not be asked.
  package var isTransient: Bool {
    guard case .notFetched(_, let error) = self else { return false }
    return error.isTransient
  }

  /// The reason in words, for the operator's log.
  package var reason: String {
    switch self {
    case .malformedURL(.discovery, let error): "the issuer is no acceptable URL: \(text(error))"
    case .malformedURL(.keySet, let error): "`jwks_uri` is no acceptable URL: \(text(error))"
    case .issuerWithQuery: "the issuer is no acceptable URL: it has a query"
    case .notFetched(let document, let error): "\(document.rawValue): \(text(error))"
    case .notDiscovery(let error): "discovery document: \(text(error))"
    case .otherIssuer(let issuer): "the discovery document names the issuer `\(printable(issuer))`"
    case .notKeySet(let error): "JWK set: \(text(error))"
    }
  }

  private func text(_ error: HTTPURLError) -> String { FederationClient.reason(error) }
  private func text(_ error: IssuerFetchError) -> String { printable(FederationClient.reason(error)) }
  private func text(_ error: DiscoveryDocumentError) -> String { printable(RelyingParty.reason(error)) }
  private func text(_ error: JWKSetError) -> String { printable(RelyingParty.reason(error)) }
}

/// Fetches the documents of issuers.
struct IdentityProviderDocuments: Sendable {
  let policy: IssuerPolicy
  let trustRoots: TrustRoots
  let resolver: HostResolver

  /// The keys of `issuer`, as it publishes them now.
  func keys(of issuer: String) async throws(IdentityProviderFetchError) -> FetchedKeys {
    let http = FederationHTTPClient(trustRoots: trustRoots)
    let fetched: Result<FetchedKeys, IdentityProviderFetchError>
    do {
      let fetcher = IssuerFetcher(http: http, resolver: resolver, policy: policy)
      fetched = .success(try await keys(of: issuer, fetcher))
    } catch {
      fetched = .failure(error)
    }
    await http.shutdown()
    return try fetched.get()
  }

  private func keys(
    of issuer: String,
    _ fetcher: IssuerFetcher
  ) async throws(IdentityProviderFetchError) -> FetchedKeys {
    let url = try parse(issuer, .discovery)
    guard url.query == nil else { throw .issuerWithQuery }
    let discovery = try await fetch(try parse(discoveryAddress(of: url), .discovery), .discovery, fetcher)
    let document: DiscoveryDocument
    do {
      document = try DiscoveryDocument(json: discovery.body)
    } catch {
      throw .notDiscovery(error)
    }
    guard document.issuer.utf8.elementsEqual(issuer.utf8) else { throw .otherIssuer(document.issuer) }
    let answer = try await fetch(try parse(document.jwksURI, .keySet), .keySet, fetcher)
    do {
      return FetchedKeys(
        keys: try ProviderKeySet(json: answer.body),
        maximumAgeSeconds: maximumAge(answer.headers)
      )
    } catch {
      throw .notKeySet(error)
    }
  }

  private func parse(
    _ text: String,
    _ document: IdentityProviderFetchError.Document
  ) throws(IdentityProviderFetchError) -> HTTPURL {
    do {
      return try HTTPURL(text)
    } catch {
      throw .malformedURL(document, error)
    }
  }

  private func fetch(
    _ url: HTTPURL,
    _ document: IdentityProviderFetchError.Document,
    _ fetcher: IssuerFetcher
  ) async throws(IdentityProviderFetchError) -> HTTPAnswer {
    do {
      return try await fetcher.fetch(url)
    } catch {
      throw .notFetched(document, error)
    }
  }
}

// OpenID Connect Discovery 1.0 §4: "If the Issuer value contains a path component, any terminating / MUST be removed
// before appending /.well-known/openid-configuration."
func discoveryAddress(of issuer: HTTPURL) -> String {
  let base = issuer.description
  let prefix = base.utf8.last == UInt8(ascii: "/") ? String(base.dropLast()) : base
  return prefix + "/.well-known/openid-configuration"
}

/// How long an answer is good; 0 when it must not be kept, `nil` when nothing is said.
private func maximumAge(_ headers: [HTTPField]) -> Int64? {
  let fields = headers.filter { $0.hasName("cache-control") }.map(\.value)
  return fields.isEmpty ? nil : cacheSeconds(fields.joined(separator: ","))
}
