// SPDX-License-Identifier: Apache-2.0
//
// The fetcher that most programs want: https, a name that is resolved once, an address that is judged and then connected
// to, no redirect, no proxy of the environment, a mebibyte and five seconds at most. What is allowed besides is said
// when it is made. Source: RFC 8725 §3.10; OpenID Connect Discovery 1.0 §4; RFC 9700 §4.11.

import FederationClient
import IdentityModel
public import RelyingParty

/// Why a fetcher cannot be made.
public enum FetcherConfigurationError: Error, Hashable, Sendable {
  /// The file cannot be read, or holds something that is no certificate.
  case certificateAuthorities(path: String)
}

/// Fetches the documents of issuers over HTTPS.
///
/// Keeps no connection and no cookie; nothing has to be shut down.
public struct HTTPDocumentFetcher: DocumentFetcher {
  /// Which addresses an issuer may have besides public ones, with https.
  public enum Reach: Hashable, Sendable {
    /// None.
    case publicOnly
    /// Private networks, the link and this host: for an issuer within one's own network.
    ///
    /// SECURITY: the metadata services of clouds lie on the link. Only issuers on the allow-list are asked, and what
    /// their discovery documents name.
    case privateNetworks
    /// As `privateNetworks`, and plain http on loopback: for development.
    case loopbackDevelopment
  }

  private let trustRoots: TrustRoots
  private let policy: IssuerPolicy

  /// Makes a fetcher.
  ///
  /// - Parameters:
  ///   - reach: which addresses an issuer may have.
  ///   - certificateAuthorities: the path of a PEM file of certification authorities to trust besides the system's.
  /// - Throws: `FetcherConfigurationError`.
  public init(
    reach: Reach = .publicOnly,
    certificateAuthorities: String? = nil
  ) throws(FetcherConfigurationError) {
    if let certificateAuthorities {
      do {
        trustRoots = try .systemAnd(file: certificateAuthorities, in: .live())
      } catch {
        throw .certificateAuthorities(path: certificateAuthorities)
      }
    } else {
      trustRoots = .system
    }
    policy = IssuerPolicy(
      allowPrivateAddresses: reach != .publicOnly,
      allowHTTPOnLoopback: reach == .loopbackDevelopment
    )
  }

  /// Fetches the document at `url`.
  ///
  /// - Throws: `DocumentFetchError`: `refused` for a URL or an address that is not allowed, a redirect, and a status
  ///   between 400 and 499; `unavailable` for everything that may pass.
  public func fetch(_ url: String, accept: String) async throws(DocumentFetchError) -> FetchedDocument {
    // A client for one look: no host and no address of a stranger stays in memory.
    let http = FederationHTTPClient(trustRoots: trustRoots)
    let fetched: Result<FetchedDocument, DocumentFetchError>
    do throws(DocumentFetchError) {
      fetched = .success(try await IssuerFetcher(http: http, policy: policy).fetch(url, accept: accept))
    } catch {
      fetched = .failure(error)
    }
    await http.shutdown()
    return try fetched.get()
  }
}
