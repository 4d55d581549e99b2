// SPDX-License-Identifier: Apache-2.0
//
// HTTP as plain values: tests call the pipeline as a function, the server adapter only carries bytes.

package import IdentityModel

/// A request, exactly as it was received: nothing decoded, folded or normalised.
package struct APIRequest: Sendable {
  /// The method as on the request line.
  package let method: String
  /// The request target in origin form as on the request line: path, and `?` with the query when there was one.
  package let target: String
  /// The header lines in order of arrival.
  ///
  /// HTTP/2's `:authority` is the line `host`.
  package let headers: [HTTPField]
  /// The body, at most 64 KiB.
  package let body: [UInt8]
  /// The client's address: `192.0.2.1`, `2001:db8::1`; the peer's, unless that is a proxy whom the operator trusts to
  /// tell it.
  package let sourceIPAddress: String
  /// TLS as negotiated; `nil` without TLS.
  package let tls: TLSDetails?

  /// Gathers the parts.
  package init(
    method: String,
    target: String,
    headers: [HTTPField],
    body: [UInt8],
    sourceIPAddress: String,
    tls: TLSDetails?
  ) {
    self.method = method
    self.target = target
    self.headers = headers
    self.body = body
    self.sourceIPAddress = sourceIPAddress
    self.tls = tls
  }

  /// The path of `target`, without the query.
  package var path: Substring {
    target[..<(target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex)]
  }

  /// Whether it reads what is for everybody, documents, health and metrics, and is no call.
  package var isPublicRead: Bool {
    (method == "GET" || method == "HEAD") && !path.utf8.elementsEqual("/".utf8)
  }

  /// The value of the first header line `name`, in lower case; `nil` when there is none.
  func header(_ name: String) -> String? { headers.first { $0.hasName(name) }?.value }

  /// The beginning of the `User-Agent` header, as policy may ask about it: at most 1024 bytes.
  ///
  /// Matching a pattern costs its length times the text's: a text that any caller may choose is short.
  var userAgentOfPolicy: String? { header("user-agent")?.beginning(utf8Bytes: 1024) }
}

extension String {
  /// As much of the text as has room in `maximum` bytes of UTF-8, whole scalars only.
  ///
  /// SECURITY: bytes, not characters: what Swift takes for one character may be any number of scalars.
  func beginning(utf8Bytes maximum: Int) -> String {
    guard utf8.count > maximum else { return self }
    var end = utf8.index(utf8.startIndex, offsetBy: maximum)
    // A byte 10xxxxxx continues a scalar. Source: RFC 3629 §3.
    while end > utf8.startIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
    return String(decoding: utf8[..<end], as: UTF8.self)
  }
}

/// TLS as negotiated on a connection.
package struct TLSDetails: Hashable, Sendable {
  /// `TLSv1.2` or `TLSv1.3`.
  ///
  /// Source: CloudTrail `tlsDetails.tlsVersion`.
  package let version: String
  /// The OpenSSL or IANA name of the cipher suite, when the TLS library tells it.
  package let cipherSuite: String?

  /// Pairs `version` and `cipherSuite`.
  package init(version: String, cipherSuite: String?) {
    self.version = version
    self.cipherSuite = cipherSuite
  }
}

/// A response.
package struct APIResponse: Sendable {
  /// The status code.
  package let status: Int
  /// The header lines; `Content-Length`, `Date` and connection management are the adapter's.
  package let headers: [HTTPField]
  /// The body.
  package let body: [UInt8]
  /// The account that the signature of the request proved, also when the call was refused then; `nil` without a proof.
  ///
  /// Not sent.
  package var caller: AccountID?

  /// Gathers the parts.
  package init(status: Int, headers: [HTTPField], body: [UInt8]) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

/// A public document, rendered once and served from memory: discovery, JWK set.
package struct PublishedDocument: Hashable, Sendable {
  /// The body.
  package let body: [UInt8]
  /// `Content-Type`.
  package let contentType: String
  /// The strong entity tag, quotation marks included.
  ///
  /// Source: RFC 9110 §8.8.3.
  package let entityTag: String
  /// How long a cache may use it without asking.
  ///
  /// Unit: seconds.
  package let maxAgeSeconds: Int

  /// Gathers the parts.
  package init(body: [UInt8], contentType: String, entityTag: String, maxAgeSeconds: Int = 300) {
    self.body = body
    self.contentType = contentType
    self.entityTag = entityTag
    self.maxAgeSeconds = maxAgeSeconds
  }
}

/// Whose turn a request is.
package enum RequestFlow: Hashable, Sendable {
  /// That of the account that the last request of the connection proved, by the key that this one claims too.
  case account(AccountID)
  /// That of all who have proved nothing yet; among them, that of those who make the same claim or, without one, come
  /// from the same network.
  case stranger(claim: Int)
  /// That of all who read what is for everybody; among them, that of those who come from the same network.
  case reader(network: Int)
}

/// Threads for the tasks of requests.
package protocol RequestExecutor: TaskExecutor {
  /// Calls `start`, which makes the task of a request, when it is the turn of `flow`; `false`, at once, when too many wait.
  ///
  /// `octets` is the length of its body, by which a turn costs more.
  func begin(_ flow: RequestFlow, octets: Int, _ start: @escaping @Sendable () -> Void) -> Bool

  /// Runs `body`, and only then wakes threads for the tasks that it made ready: one switch of threads for many tasks.
  func together(_ body: () -> Void)
}

/// What the server adapter serves.
package protocol RequestResponder: Sendable {
  /// The public document at `path` (no query), or `nil`. Answers from memory, at once: called on an event loop.
  ///
  /// `host` is the Host header as received: in subdomain style it selects the issuer, and never shows in a document.
  func publishedDocument(host: String?, path: Substring) -> PublishedDocument?

  /// The answer to a request that needs nothing; `nil` for all others. At once: called on an event loop.
  func immediateAnswer(method: String, path: Substring) -> APIResponse?

  /// Answers every other request. Never throws: a failure is a response.
  func respond(to request: APIRequest) async -> APIResponse

  /// The answer to a request that was not looked at because too many wait. At once: called on an event loop.
  func overloaded(_ request: APIRequest) -> APIResponse
}

extension RequestResponder {
  package func immediateAnswer(method: String, path: Substring) -> APIResponse? { nil }

  package func overloaded(_ request: APIRequest) -> APIResponse {
    APIResponse(status: 503, headers: [HTTPField("Retry-After", "1")], body: [])
  }
}
