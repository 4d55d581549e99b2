// SPDX-License-Identifier: Apache-2.0
//
// Where issuers and their documents stand, and those of their documents that are in memory: what somebody asked for lately.
// They stay up while an issuer is disabled, while the server is sealed and while the store is gone. Loads nothing itself.

import IdentityModel
import TokenFormats

/// A document of an issuer.
package enum IssuerDocument: CaseIterable, Sendable {
  /// The discovery document.
  case discovery
  /// The JWK set.
  case keySet
  /// The SAML metadata.
  case samlMetadata

  /// Where it stands below the issuer.
  package var path: String {
    switch self {
    case .discovery: "/.well-known/openid-configuration"
    case .keySet: "/.well-known/jwks.json"
    case .samlMetadata: "/saml/metadata"
    }
  }
}

/// Issuers by their URLs, and what of them is in memory.
package final class Issuers: Sendable {
  /// What is published for verifiers of tokens.
  package struct TokenDocuments: Sendable {
    let discovery: PublishedDocument
    let keySet: PublishedDocument
  }

  /// What is published for verifiers of SAML.
  package enum SAMLDocument: Sendable {
    /// The metadata.
    case metadata(PublishedDocument)
    /// There are keys, and the server, which is sealed, cannot sign metadata.
    case awaitsUnsealing
  }

  /// The public origin.
  package let publicURL: PublicURL
  /// Where issuers live below it.
  package let style: IssuerStyle
  /// The documents about tokens, by issuer id.
  package let tokenDocuments: LoadedValues<TokenDocuments>
  /// The SAML metadata, by issuer id.
  package let samlDocuments: LoadedValues<SAMLDocument>

  /// Issuers below `publicURL` in `style`, at most `capacity` of them in memory.
  package init(publicURL: PublicURL, style: IssuerStyle, capacity: Int = 4096) {
    self.publicURL = publicURL
    self.style = style
    tokenDocuments = LoadedValues(capacity: capacity)
    samlDocuments = LoadedValues(capacity: capacity)
  }

  /// Where the token endpoint stands below an issuer.
  static let tokenPath = "/token"

  /// The issuer URL of the issuer `issuerID`.
  package func issuerURL(_ issuerID: String) -> String {
    publicURL.issuer(issuerID, style: style)
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

  /// The document at `path`, from memory; in subdomain style the issuer is the first label of `host`.
  package func document(host: String?, path: Substring) -> PublishedDocument? {
    guard let (issuerID, rest) = place(host: host, path: path),
      let name = IssuerDocument.allCases.first(where: { $0.path.utf8.elementsEqual(rest.utf8) })
    else { return nil }
    return known(name, of: issuerID)
  }

  /// The document `name` of the issuer `issuerID`, from memory.
  func known(_ name: IssuerDocument, of issuerID: String) -> PublishedDocument? {
    switch name {
    case .discovery, .keySet:
      guard case .value(let documents) = tokenDocuments.known(issuerID) else { return nil }
      return name == .discovery ? documents.discovery : documents.keySet
    case .samlMetadata:
      guard case .value(.metadata(let document)) = samlDocuments.known(issuerID) else { return nil }
      return document
    }
  }

  /// The issuer to which `path` belongs, and what of the path follows it; `nil` when it cannot be one's.
  package func place(host: String?, path: Substring) -> (issuerID: String, rest: Substring)? {
    switch style {
    case .path:
      let utf8 = path.utf8
      guard utf8.first == UInt8(ascii: "/"), utf8.count > 37 else { return nil }
      let start = utf8.index(after: utf8.startIndex)
      let end = utf8.index(start, offsetBy: 36)
      guard utf8[end] == UInt8(ascii: "/"), isIssuerID(utf8[start..<end]) else { return nil }
      return (String(path[start..<end]), path[end...])
    case .subdomain:
      let name = asciiLowercased(hostName(of: host ?? ""))
      guard let dot = name.utf8.firstIndex(of: UInt8(ascii: ".")), isIssuerID(name.utf8[..<dot]),
        name.utf8[dot...].dropFirst().elementsEqual("tokens.\(publicURL.host)".utf8)
      else { return nil }
      return (String(name[..<dot]), path)
    }
  }
}

/// Whether a text has the form of an issuer id: a UUID in lower case, 36 characters.
func isIssuerID(_ text: Substring.UTF8View) -> Bool {
  text.withContiguousStorageIfAvailable { isIssuerID($0) }
    ?? Array(text).withUnsafeBufferPointer { isIssuerID($0) }
}

private func isIssuerID(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
  guard text.count == 36 else { return false }
  for (index, byte) in text.enumerated() {
    switch (index, byte) {
    case (8, UInt8(ascii: "-")), (13, UInt8(ascii: "-")), (18, UInt8(ascii: "-")), (23, UInt8(ascii: "-")):
      continue
    case (8, _), (13, _), (18, _), (23, _): return false
    case (_, UInt8(ascii: "0")...UInt8(ascii: "9")), (_, UInt8(ascii: "a")...UInt8(ascii: "f")): continue
    default: return false
    }
  }
  return true
}

/// A stored issuer URL that the configuration would change.
package struct IssuerMismatch: Error, Hashable, Sendable {
  /// The URL that relying parties trust.
  package let stored: String
  /// The URL that would follow from the configuration.
  package let configured: String
}
