// SPDX-License-Identifier: Apache-2.0
//
// The seam to the network: a URL in, the document behind it out. Refuses to know what a document means and how long it
// is kept. `RelyingPartyHTTP` has the fetcher that most programs want.

/// A document as it was fetched.
public struct FetchedDocument: Sendable {
  /// The body, whole.
  public let body: [UInt8]
  /// The value of `Cache-Control`, several fields joined by commas; `nil` when the answer had none.
  public let cacheControl: String?

  /// Gathers the parts.
  public init(body: [UInt8], cacheControl: String?) {
    self.body = body
    self.cacheControl = cacheControl
  }
}

/// Why a document was not fetched.
public enum DocumentFetchError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Nobody answered, or the answer was not whole: a later try may do better.
  case unavailable(String)
  /// The URL must not be asked, or what answered must not be used: trying again does not help.
  case refused(String)

  /// The reason in words.
  public var description: String {
    switch self {
    case .unavailable(let reason), .refused(let reason): reason
    }
  }
}

/// Fetches documents of issuers.
///
/// Whoever writes one owes what `HTTPDocumentFetcher` does: https alone, no redirect, no address of the own network, a
/// cap on the size and on the time. A URL comes from the allow-list or from the discovery document of an issuer on it.
public protocol DocumentFetcher: Sendable {
  /// Fetches the document at `url`, which answered with status 200.
  ///
  /// - Parameters:
  ///   - url: an absolute URL.
  ///   - accept: the media type to ask for.
  /// - Returns: the document, whole.
  /// - Throws: `DocumentFetchError`.
  func fetch(_ url: String, accept: String) async throws(DocumentFetchError) -> FetchedDocument
}

/// RFC 9111 §5.2.2: how long an answer is good, by its `Cache-Control`; 0 when it must not be kept, `nil` when it says
/// nothing.
///
/// Unit: seconds.
package func cacheSeconds(_ cacheControl: String) -> Int64? {
  var seconds: Int64?
  for part in cacheControl.utf8.split(separator: UInt8(ascii: ",")) {
    let directive = part.filter { $0 != UInt8(ascii: " ") && $0 != 9 }.map(lowercased)
    if directive.elementsEqual("no-store".utf8) || directive.elementsEqual("no-cache".utf8) { return 0 }
    let prefix = "max-age="
    guard directive.starts(with: prefix.utf8) else { continue }
    // Digits that no 64 bits hold are longer than any bound; anything else says nothing.
    let digits = directive.dropFirst(prefix.utf8.count)
    guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { continue }
    let value = Int64(String(decoding: digits, as: UTF8.self)) ?? .max
    seconds = min(seconds ?? value, value)
  }
  return seconds
}

private func lowercased(_ byte: UInt8) -> UInt8 {
  (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}
