// SPDX-License-Identifier: Apache-2.0
//
// The published documents of every issuer, rendered once and served from memory: discovery, JWK set, SAML metadata. They
// stay up while an issuer is disabled and while the server is sealed; only SAML metadata, which is signed when it is
// rendered, is not there again after a restart without the key-encryption key.

package import IdentityModel
import Synchronization
import TokenFormats

/// Holds and serves published documents.
package final class Issuers: Sendable {
  /// The public origin.
  package let publicURL: PublicURL
  /// Where issuers live below it.
  package let style: IssuerStyle
  private let documents = Mutex<[String: PublishedDocument]>([:])
  // The keys of SAML metadata that cannot be rendered yet.
  private let awaited = Mutex<Set<String>>([])

  /// Serves below `publicURL` in `style`; nothing is published yet.
  package init(publicURL: PublicURL, style: IssuerStyle) {
    self.publicURL = publicURL
    self.style = style
  }

  /// The issuer URL of the issuer `issuerID`.
  package func issuerURL(_ issuerID: String) -> String {
    publicURL.issuer(issuerID, style: style)
  }

  /// Publishes the documents of `issuer`, or replaces them.
  package func publish(_ issuer: Issuer, exchangesTokens: Bool = false) {
    let record = issuer.stored.record
    let keySet = PublishedDocument(json: JWKSet.render(keys: issuer.keys.map(\.publicKey)))
    documents.withLock { $0["/" + record.issuerID + Self.jwksPath] = keySet }
    publish(discoveryOf: record, exchangesTokens: exchangesTokens)
  }

  /// Publishes the discovery document that follows from `record`, or replaces it; `exchangesTokens` tells whether the
  /// account has a provider whose tokens the token endpoint takes.
  func publish(discoveryOf record: IssuerRecord, exchangesTokens: Bool) {
    let discovery = DiscoveryDocument.render(
      issuer: record.issuer,
      jwksURI: record.issuer + Self.jwksPath,
      statusAggregation: record.tokensHaveStatus == true ? record.issuer + StatusLists.path : nil,
      tokenEndpoint: exchangesTokens ? record.issuer + Self.tokenPath : nil
    )
    documents.withLock { $0["/" + record.issuerID + Self.discoveryPath] = PublishedDocument(json: discovery) }
  }

  /// The id of the issuer whose URL is `issuer`, whether there is such an issuer or not; `nil` when the URL is not one
  /// of this server.
  func issuerID(of issuer: String) -> String? {
    let url = Array(issuer.utf8)
    let template = issuerURL("*").utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
    guard template.count == 2, url.count >= template[0].count + template[1].count,
      url.starts(with: template[0]), url.reversed().starts(with: template[1].reversed())
    else { return nil }
    return String(decoding: url.dropFirst(template[0].count).dropLast(template[1].count), as: UTF8.self)
  }

  /// The published JWK set of the issuer `issuerID`.
  func keySet(of issuerID: String) -> PublishedDocument? {
    documents.withLock { $0["/" + issuerID + Self.jwksPath] }
  }

  /// Publishes the SAML metadata of the issuer `issuerID`, or replaces it.
  func publish(samlMetadata document: PublishedDocument, of issuerID: String) {
    let key = "/" + issuerID + Self.samlMetadataPath
    documents.withLock { $0[key] = document }
    awaited.withLock { _ = $0.remove(key) }
  }

  /// Notes that the issuer `issuerID` has SAML metadata which cannot be rendered for now.
  func awaitSAMLMetadata(of issuerID: String) {
    let key = "/" + issuerID + Self.samlMetadataPath
    awaited.withLock { _ = $0.insert(key) }
  }

  /// The document at `path`; in subdomain style the issuer is the first label of `host`.
  package func document(host: String?, path: Substring) -> PublishedDocument? {
    guard let key = key(host, path) else { return nil }
    return documents.withLock { $0[key] }
  }

  /// Whether there is SAML metadata at `path` that cannot be rendered for now.
  func isAwaited(host: String?, path: Substring) -> Bool {
    guard let key = key(host, path) else { return false }
    return awaited.withLock { $0.contains(key) } && documents.withLock { $0[key] } == nil
  }

  /// Whether the SAML metadata of an issuer gives `path` as the place to sign in at.
  func isSAMLSignOn(host: String?, path: Substring) -> Bool {
    guard path.utf8.reversed().starts(with: Self.samlSignOnPath.utf8.reversed()),
      let key = key(host, path.dropLast(Self.samlSignOnPath.count) + Self.samlMetadataPath)
    else { return false }
    return documents.withLock { $0[key] } != nil || awaited.withLock { $0.contains(key) }
  }

  /// The issuer whose token endpoint `path` is, whether there is such an issuer or not; `nil` for other paths.
  func tokenEndpoint(host: String?, path: Substring) -> String? {
    guard let key = key(host, path) else { return nil }
    let parts = key.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].isEmpty, parts[2].elementsEqual(Self.tokenPath.utf8.dropFirst()) else {
      return nil
    }
    return String(decoding: parts[1], as: UTF8.self)
  }

  /// `path` as it is in path style, with the issuer in front.
  func key(_ host: String?, _ path: Substring) -> String? {
    guard style == .subdomain else { return String(path) }
    let name = asciiLowercased(hostName(of: host ?? ""))
    guard let dot = name.utf8.firstIndex(of: UInt8(ascii: ".")),
      name[dot...].dropFirst() == "tokens.\(publicURL.host)"
    else { return nil }
    return "/\(name[..<dot])\(path)"
  }

  /// Publishes every issuer in `directory`, with the keys that `signer` vouches for; returns the ids of the others.
  ///
  /// Without the key-encryption key nobody can vouch, and keys are published as they are stored. An issuer none of whose
  /// keys is vouched for is not published: verifiers go on with what they have, where an empty set would turn them away.
  ///
  /// Throws `IssuerMismatch` when a stored issuer URL does not follow from the configuration: relying parties trust
  /// that URL, so it must not change by a changed flag.
  @discardableResult
  package func loadAll(from directory: Directory, vouchedForBy signer: any TokenSigner) async throws
    -> [KeyID]
  {
    var strangers: [KeyID] = []
    var after: String?
    while true {
      let page = try await directory.records(IssuerRecord.self, prefix: "", after: after, limit: 500)
      for stored in page {
        let expected = issuerURL(stored.record.issuerID)
        guard stored.record.issuer == expected else {
          throw IssuerMismatch(stored: stored.record.issuer, configured: expected)
        }
        let (keys, misplaced) = try await directory.storedSigningKeys(of: stored.record.account)
        strangers += misplaced
        let vouched = signer.isUnsealed ? try keys.filter { try signer.vouches(for: $0) } : keys
        strangers += keys.filter { key in !vouched.contains(key) }.map(\.keyID)
        guard !vouched.isEmpty else { continue }
        publish(
          Issuer(stored: stored, keys: vouched),
          exchangesTokens: try await directory.hasProvider(stored.record.account)
        )
      }
      guard page.count == 500, let last = page.last else { return strangers }
      after = last.key.id
    }
  }

  private static let discoveryPath = "/.well-known/openid-configuration"
  private static let jwksPath = "/.well-known/jwks.json"
  private static let tokenPath = "/token"
  /// Where SAML metadata stands below an issuer.
  static let samlMetadataPath = "/saml/metadata"
  /// Where SAML metadata says that one signs in.
  static let samlSignOnPath = "/saml/sso"
}

/// A stored issuer URL that the configuration would change.
package struct IssuerMismatch: Error, Hashable, Sendable {
  /// The URL that relying parties trust.
  package let stored: String
  /// The URL that would follow from the configuration.
  package let configured: String
}

extension PublishedDocument {
  fileprivate init(json: [UInt8]) {
    self.init(body: json, contentType: "application/json", entityTag: EntityTag.strong(for: json))
  }
}
