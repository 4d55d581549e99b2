// SPDX-License-Identifier: Apache-2.0
//
// From an issuer to its keys: discovery, whose `issuer` must be the one that was asked, then the JWK set that it names.
// Refuses to know when to look and how long an answer is good. Source: OpenID Connect Discovery 1.0 §4; RFC 8414 §3.3.

import TokenFormats

/// Why the keys of an issuer cannot be had.
public enum KeysUnavailable: Error, Hashable, Sendable, KeyFetchFailure, CustomStringConvertible {
  /// A document was not fetched.
  case notFetched(url: String, DocumentFetchError)
  /// What answered is no discovery document.
  case notDiscovery(url: String, String)
  /// The discovery document names another issuer.
  case otherIssuer(String)
  /// The issuer uses https, its `jwks_uri` does not.
  case insecureKeySet(url: String)
  /// What answered is no JWK set that may be used.
  case notKeySet(url: String, String)

  /// Whether the issuer did not answer, so that a later try may do better.
  public var isTransient: Bool {
    if case .notFetched(_, .unavailable) = self { true } else { false }
  }

  /// The reason in words.
  public var description: String {
    switch self {
    case .notFetched(let url, let error): "`\(url)`: \(error)"
    case .notDiscovery(let url, let reason): "`\(url)` is no discovery document: \(reason)"
    case .otherIssuer(let issuer): "the discovery document names the issuer `\(issuer)`"
    case .insecureKeySet(let url): "the `jwks_uri` `\(url)` is not https"
    case .notKeySet(let url, let reason): "`\(url)` is no JWK set: \(reason)"
    }
  }
}

/// Fetches the keys of trusted issuers.
struct IssuerDocuments: Sendable {
  let fetcher: any DocumentFetcher

  /// The keys of `issuer`, as it publishes them now.
  func keys(of issuer: String, _ source: TrustedIssuer.Keys) async -> Result<FetchedKeys, KeysUnavailable> {
    do throws(KeysUnavailable) {
      switch source {
      case .pinned: return .success(FetchedKeys(keys: .empty, maximumAgeSeconds: nil))
      case .keySet(let url): return .success(try await keySet(url))
      case .discovery: return .success(try await keySet(try await discover(issuer)))
      }
    } catch {
      return .failure(error)
    }
  }

  /// OpenID Connect Discovery 1.0 §4.1, §4.3: the `jwks_uri` of the document of `issuer`.
  private func discover(_ issuer: String) async throws(KeysUnavailable) -> String {
    // §4: "any terminating / MUST be removed before appending /.well-known/openid-configuration".
    let base = issuer.utf8.last == UInt8(ascii: "/") ? String(issuer.dropLast()) : issuer
    let url = base + "/.well-known/openid-configuration"
    let body = try await fetch(url).body
    let document: DiscoveryDocument
    do {
      document = try DiscoveryDocument(json: body)
    } catch {
      throw .notDiscovery(url: url, reason(error))
    }
    guard same(document.issuer, issuer) else { throw .otherIssuer(document.issuer) }
    guard document.jwksURI.utf8.starts(with: "https://".utf8) || !issuer.utf8.starts(with: "https://".utf8)
    else { throw .insecureKeySet(url: document.jwksURI) }
    return document.jwksURI
  }

  private func keySet(_ url: String) async throws(KeysUnavailable) -> FetchedKeys {
    let document = try await fetch(url)
    do {
      return FetchedKeys(
        keys: try ProviderKeySet(json: document.body),
        maximumAgeSeconds: document.cacheControl.flatMap(cacheSeconds)
      )
    } catch {
      throw .notKeySet(url: url, reason(error))
    }
  }

  private func fetch(_ url: String) async throws(KeysUnavailable) -> FetchedDocument {
    do {
      return try await fetcher.fetch(url, accept: "application/json")
    } catch {
      throw .notFetched(url: url, error)
    }
  }
}

/// Compares two texts by their UTF-8 bytes.
func same(_ left: String, _ right: String) -> Bool {
  guard left.utf8.count == right.utf8.count else { return false }
  // Over the bytes where they lie: a view's iterator takes several times as long.
  let isSame = left.utf8.withContiguousStorageIfAvailable { left in
    right.utf8.withContiguousStorageIfAvailable { right in same(left, right) }
  }
  return (isSame ?? nil) ?? left.utf8.elementsEqual(right.utf8)
}

/// Compares two texts by their bytes, without a way out in the middle, so that many are compared at a time.
func same(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
  guard left.count == right.count else { return false }
  var difference: UInt8 = 0
  for index in 0..<left.count { difference |= left[index] ^ right[index] }
  return difference == 0
}

/// Whether `text` has exactly these bytes.
func same(_ text: String, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
  text.utf8.withContiguousStorageIfAvailable { same($0, bytes) } ?? text.utf8.elementsEqual(bytes)
}

/// A text that is told apart from others by its UTF-8 bytes, to find something by; its bytes are hashed once.
struct ByteName: Hashable, Sendable {
  let text: String
  private let hash: Int

  init(text: String) {
    var text = text
    var hasher = Hasher()
    // All bytes at once: an array hashes its elements one by one.
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    hash = hasher.finalize()
    self.text = text
  }

  static func == (left: ByteName, right: ByteName) -> Bool {
    left.hash == right.hash && same(left.text, right.text)
  }

  func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}
