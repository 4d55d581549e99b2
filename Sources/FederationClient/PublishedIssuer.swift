// SPDX-License-Identifier: Apache-2.0
//
// Takes the documents of an issuer from where it serves them, whole and as they are, so that they can be served from
// somewhere else: discovery, JWK set, SAML metadata, status lists. Refuses an issuer that speaks for another one, and
// documents outside of the issuer's own URL. Source: OpenID Connect Discovery 1.0 §4; draft-ietf-oauth-status-list §9.

import IdentityModel
import RelyingParty
import StrictJSON
package import TokenFormats

/// Why an issuer's documents were not taken.
package enum PublishedIssuerError: Error, Hashable, Sendable {
  /// The address is no acceptable URL, or has a query; `address` as it was given.
  case address(String)
  /// There is no document at `address`.
  case fetch(address: String, IssuerFetchError)
  /// Discovery is no discovery document.
  case discovery(DiscoveryDocumentError)
  /// Discovery names another issuer.
  case otherIssuer(String)
  /// A document lies outside of the issuer's URL, at this address: it cannot be moved with the others.
  case elsewhere(String)
  /// The JWK set is none.
  case keySet(JWKSetError)
  /// The list of status lists is none.
  case statusLists
  /// It names more status lists than the cap.
  case tooManyStatusLists(limit: Int)
  /// It names the status list at this address twice.
  case statusListTwice(String)
  /// The documents together have more octets than the cap.
  case tooLarge(limitBytes: Int)

  /// What went wrong, in words; nothing in it can steer a terminal.
  package var words: String {
    switch self {
    case .address(let text): "`\(printable(text))` is not an acceptable URL"
    case .fetch(let address, let error): "\(printable(address)): \(reason(error))"
    case .discovery(let error): "its discovery document is none: \(reason(error))"
    case .otherIssuer(let issuer): "its discovery document names the issuer `\(printable(issuer))`"
    case .elsewhere(let address): "it has a document at `\(printable(address))`, outside of its own URL"
    case .keySet(let error): "its JWK set is none: \(printable(RelyingParty.reason(error)))"
    case .statusLists: "its list of status lists is none"
    case .tooManyStatusLists(let limit): "it has more than \(limit) status lists"
    case .statusListTwice(let address): "it names the status list `\(printable(address))` twice"
    case .tooLarge(let limit): "its documents together have more than \(limit) octets"
    }
  }
}

/// The documents of an issuer as a stranger gets them.
package struct PublishedIssuer: Sendable {
  /// One document.
  package struct File: Sendable {
    /// Where it stands below the issuer's URL, without a slash at its beginning.
    package let path: String
    /// `Content-Type`.
    package let contentType: String
    /// How long a cache may keep it.
    ///
    /// Unit: seconds.
    package let maxAgeSeconds: Int
    /// The document.
    package let body: [UInt8]
  }

  /// The most status lists that an issuer may have.
  package static let maximumStatusLists = 1000

  /// The keys in the JWK set.
  package let keySet: JWKSet
  /// Until when the SAML metadata says that it is valid, as it says it; `nil` when there is none.
  package let metadataValidUntil: String?
  /// The documents: what discovery points at stands before it.
  package let files: [File]

  /// Fetches everything that `issuer` publishes, or its JWK set alone once discovery names it.
  ///
  /// - Parameters:
  ///   - issuer: the issuer's URL, without a slash at its end.
  ///   - keySetAlone: whether `files` is to hold the JWK set and nothing else.
  ///   - maximumBytes: the most octets that the documents may have together; a single one has 1 MiB at most.
  ///   - http: the way to the network.
  ///   - policy: which addresses it may have.
  ///   - resolver: how hosts are resolved.
  /// - Throws: `PublishedIssuerError` when one of them cannot be had, or is not the issuer's own.
  package init(
    of issuer: String,
    keySetAlone: Bool = false,
    maximumBytes: Int = 64 << 20,
    http: FederationHTTPClient,
    policy: IssuerPolicy,
    resolver: HostResolver = .system
  ) async throws(PublishedIssuerError) {
    let fetcher = IssuerFetcher(http: http, resolver: resolver, policy: policy)
    let discovery = try await Self.fetch("\(issuer)/\(Self.discoveryPath)", fetcher)
    let document: DiscoveryDocument
    do throws(DiscoveryDocumentError) {
      document = try DiscoveryDocument(json: discovery.body)
    } catch {
      throw .discovery(error)
    }
    guard document.issuer.utf8.elementsEqual(issuer.utf8) else { throw .otherIssuer(document.issuer) }
    guard document.jwksURI.utf8.elementsEqual("\(issuer)/\(Self.jwksPath)".utf8) else {
      throw .elsewhere(document.jwksURI)
    }
    let jwks = try await Self.fetch(document.jwksURI, fetcher)
    keySet = try Self.parsed(jwks.body)
    var files = [File(Self.jwksPath, "application/json", jwks)]
    guard !keySetAlone else {
      self.metadataValidUntil = nil
      self.files = files
      return
    }
    var metadataValidUntil: String?
    if let metadata = try await Self.fetchIfThere("\(issuer)/saml/metadata", fetcher) {
      files.append(File("saml/metadata", "application/samlmetadata+xml", metadata))
      metadataValidUntil = (try? XMLReader.read(metadata.body))?.attribute("validUntil")
    }
    self.metadataValidUntil = metadataValidUntil
    files.append(File(Self.discoveryPath, "application/json", discovery))
    let lists = try await Self.statusLists(issuer, discovery.body, beside: files, maximumBytes, fetcher)
    files.insert(contentsOf: lists, at: files.count - 1)
    self.files = files
  }

  /// Fetches a JWK set, of whichever issuer.
  ///
  /// - Parameters:
  ///   - address: the URL of the set, or of documents that an issuer publishes or somebody copied.
  ///   - http: the way to the network.
  ///   - policy: which addresses its host may have.
  ///   - resolver: how hosts are resolved.
  /// - Returns: the set at `address`; where there is none, that beside the discovery document below `address`, and the issuer
  ///   for which that document speaks.
  /// - Throws: `PublishedIssuerError` when it cannot be had, or discovery names a set that is not its issuer's own.
  package static func keySet(
    at address: String,
    http: FederationHTTPClient,
    policy: IssuerPolicy,
    resolver: HostResolver = .system
  ) async throws(PublishedIssuerError) -> (keys: JWKSet, issuer: String?) {
    let fetcher = IssuerFetcher(http: http, resolver: resolver, policy: policy)
    let first: PublishedIssuerError
    do throws(PublishedIssuerError) {
      return (try parsed(try await fetch(address, fetcher).body), nil)
    } catch {
      switch error {
      case .keySet, .fetch(_, .status), .fetch(_, .redirected): first = error
      default: throw error
      }
    }
    let issuer = address.utf8.last == UInt8(ascii: "/") ? String(address.dropLast()) : address
    guard let discovery = try await fetchIfThere("\(issuer)/\(discoveryPath)", fetcher),
      let document = try? DiscoveryDocument(json: discovery.body)
    else { throw first }
    // SECURITY: a copy names its issuer's set where that has it. Whoever reads another place there would take other keys than
    // those that are looked at here; and nothing is fetched from where a document points.
    guard document.jwksURI.utf8.elementsEqual("\(document.issuer)/\(jwksPath)".utf8) else {
      throw .elsewhere(document.jwksURI)
    }
    return (try parsed(try await fetch("\(issuer)/\(jwksPath)", fetcher).body), document.issuer)
  }

  private static let discoveryPath = ".well-known/openid-configuration"
  private static let jwksPath = ".well-known/jwks.json"

  private static func parsed(_ body: [UInt8]) throws(PublishedIssuerError) -> JWKSet {
    do throws(JWKSetError) {
      return try JWKSet(json: body)
    } catch {
      throw .keySet(error)
    }
  }

  // §9.3: the aggregation is an object with `status_lists`, an array of URIs.
  private static func statusLists(
    _ issuer: String,
    _ discovery: [UInt8],
    beside others: [File],
    _ maximumBytes: Int,
    _ fetcher: IssuerFetcher
  ) async throws(PublishedIssuerError) -> [File] {
    guard let object = (try? JSONReader.read(discovery, maximumBytes: 1 << 16))?.object,
      let aggregation = object["status_list_aggregation_endpoint"]?.string
    else { return [] }
    guard aggregation.utf8.elementsEqual("\(issuer)/status".utf8) else { throw .elsewhere(aggregation) }
    let answer = try await fetch(aggregation, fetcher)
    guard let lists = (try? JSONReader.read(answer.body))?.object?["status_lists"]?.array else {
      throw .statusLists
    }
    // SECURITY: a single answer can name tens of thousands of lists, each of a mebibyte.
    guard lists.count <= maximumStatusLists else { throw .tooManyStatusLists(limit: maximumStatusLists) }
    var bytes = others.reduce(answer.body.count) { $0 + $1.body.count }
    var paths: Set<String> = []
    var files: [File] = []
    for list in lists {
      guard let uri = list.string else { throw .statusLists }
      let number = uri.utf8.dropFirst(aggregation.utf8.count + 1)
      guard uri.utf8.starts(with: "\(aggregation)/".utf8), (1...19).contains(number.count),
        number.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
      else { throw .elsewhere(uri) }
      let path = "status/" + String(decoding: number, as: UTF8.self)
      guard paths.insert(path).inserted else { throw .statusListTwice(uri) }
      files.append(File(path, "application/statuslist+jwt", try await fetch(uri, fetcher)))
      bytes += files.last?.body.count ?? 0
      guard bytes <= maximumBytes else { throw .tooLarge(limitBytes: maximumBytes) }
    }
    files.append(File("status", "application/json", answer))
    return files
  }

  private static func fetchIfThere(
    _ address: String,
    _ fetcher: IssuerFetcher
  ) async throws(PublishedIssuerError) -> HTTPAnswer? {
    do throws(PublishedIssuerError) {
      return try await fetch(address, fetcher)
    } catch {
      guard case .fetch(_, .status(404)) = error else { throw error }
      return nil
    }
  }

  private static func fetch(
    _ address: String,
    _ fetcher: IssuerFetcher
  ) async throws(PublishedIssuerError) -> HTTPAnswer {
    guard let url = try? HTTPURL(address), url.query == nil else { throw .address(address) }
    do throws(IssuerFetchError) {
      return try await fetcher.fetch(url)
    } catch {
      throw .fetch(address: address, error)
    }
  }
}

extension PublishedIssuer.File {
  fileprivate init(_ path: String, _ contentType: String, _ answer: HTTPAnswer) {
    self.path = path
    self.contentType = contentType
    self.body = answer.body
    maxAgeSeconds = maxAge(answer) ?? 300
  }
}

/// RFC 9111 §5.2.2.1: `max-age` of the answer; `nil` when it has none that is a number.
private func maxAge(_ answer: HTTPAnswer) -> Int? {
  for field in answer.headers where field.hasName("cache-control") {
    for directive in field.value.utf8.split(separator: UInt8(ascii: ",")) {
      let text = String(decoding: directive.drop { $0 == 0x20 || $0 == 0x09 }, as: UTF8.self)
      guard asciiLowercased(text).utf8.starts(with: "max-age=".utf8) else { continue }
      if let seconds = Int(text.dropFirst("max-age=".count)),
        (0...31_536_000).contains(seconds)
      {
        return seconds
      }
    }
  }
  return nil
}
