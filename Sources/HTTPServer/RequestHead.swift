// SPDX-License-Identifier: Apache-2.0
//
// A request head that may be answered: checked for everything that two HTTP readers could read differently,
// and otherwise left as it was received. Refuses to know what the request means. Source: RFC 9110, RFC 9112,
// RFC 9113 §8.

import IdentityModel
import NIOHPACK
import NIOHTTP1

/// A request that is answered here and never reaches the responder.
///
/// The text of the response is fixed by the case.
enum Refusal: Int, Error {
  case badRequest = 400
  case requestTimeout = 408
  case contentTooLarge = 413
  case expectationFailed = 417
  case requestHeaderFieldsTooLarge = 431
  case serviceUnavailable = 503
}

/// The head of a request, with what the connection has to know about it.
struct RequestHead {
  /// The method as received.
  let method: String
  /// The request target in origin form, or `*` with OPTIONS.
  let target: String
  /// The one Host value; `nil` only in HTTP/1.0.
  private(set) var host: String?
  /// `Content-Length`, at most the limit that was given.
  private(set) var contentLength: Int?
  /// Whether the body comes in chunks.
  private(set) var isChunked = false
  /// Whether the client waits for `100 Continue`.
  private(set) var expectsContinue = false
  /// Whether there is an `If-None-Match`.
  private(set) var isConditional = false
  /// Whether the connection ends after the response.
  private(set) var closes = false

  /// The field lines as the protocol's decoder holds them: most requests are answered without a copy.
  private enum Lines {
    case http1(HTTPHeaders)
    case http2([HTTPField])
  }

  private let lines: Lines
  private var hasContentType = false

  /// Checks the head of an HTTP/1 request.
  init(_ head: HTTPRequestHead, configuration: HTTPServerConfiguration) throws(Refusal) {
    // The decoder lets 1.0 and 1.1 through. In 1.0 a connection carries one request: no keep-alive by
    // agreement.
    let isHTTP10 = head.version.minor == 0
    method = head.method.rawValue
    target = head.uri
    lines = .http1(head.headers)
    closes = isHTTP10
    guard head.headers.count <= configuration.maximumHeaderCount else { throw .requestHeaderFieldsTooLarge }
    try checkRequestLine()
    for (name, value) in head.headers {
      try check(HTTPField(name, value.withoutTrailingWhitespace), configuration)
    }
    // SECURITY: RFC 9112 §6.1 and §6.3: a message that is framed in two ways, or in a way that HTTP/1.0 does
    // not know, is how requests are smuggled past a proxy.
    if isChunked, isHTTP10 || contentLength != nil { throw .badRequest }
    if host == nil, !isHTTP10 { throw .badRequest }
  }

  /// Checks the head of an HTTP/2 request.
  ///
  /// Order, number and spelling of the pseudo-header fields were checked by the HTTP/2 layer.
  init(_ headers: HPACKHeaders, configuration: HTTPServerConfiguration) throws(Refusal) {
    var method = ""
    var target = ""
    var authority: String?
    var fields: [HTTPField] = []
    fields.reserveCapacity(headers.count)
    for (name, value, _) in headers {
      switch name {
      case ":method": method = value
      case ":path": target = value
      case ":authority": authority = value
      case ":scheme": break
      case let other where other.utf8.first == UInt8(ascii: ":"): throw .badRequest
      default: fields.append(HTTPField(name, value))
      }
    }
    if let authority {
      // RFC 9113 §8.3.1: a Host field that differs from `:authority` is not to be believed.
      let hosts = fields.filter { $0.hasName("host") }
      guard hosts.allSatisfy({ $0.value.utf8.elementsEqual(authority.utf8) }) else { throw .badRequest }
      fields.removeAll { $0.hasName("host") }
      fields.insert(HTTPField("host", authority), at: 0)
    }
    self.method = method
    self.target = target
    self.lines = .http2(fields)
    guard fields.count <= configuration.maximumHeaderCount else { throw .requestHeaderFieldsTooLarge }
    try checkRequestLine()
    for field in fields { try check(field, configuration) }
    guard host != nil, !isChunked else { throw .badRequest }
  }

  /// The field lines as received; HTTP/2's `:authority` is the line `host`.
  var fields: [HTTPField] {
    switch lines {
    case .http1(let headers): headers.map { HTTPField($0.name, $0.value.withoutTrailingWhitespace) }
    case .http2(let fields): fields
    }
  }

  /// The path of the target, without the query.
  var path: Substring {
    target[..<(target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex)]
  }

  /// Whether a body follows.
  var hasBody: Bool { isChunked || (contentLength ?? 0) > 0 }

  private func checkRequestLine() throws(Refusal) {
    guard Grammar.isToken(method), Grammar.isTarget(target, method: method) else { throw .badRequest }
    // RFC 9110 §9.3.6: what follows a CONNECT request is no request; this is not a proxy.
    if method == "CONNECT" { throw .badRequest }
  }

  private mutating func check(
    _ field: HTTPField,
    _ configuration: HTTPServerConfiguration
  ) throws(Refusal) {
    guard Grammar.isToken(field.name), Grammar.isFieldValue(field.value) else { throw .badRequest }
    // The length is compared first: most names need no more than that.
    switch field.name.utf8.count {
    case 4 where field.hasName("host"):
      guard host == nil, Grammar.isHost(field.value) else { throw .badRequest }
      host = field.value
    case 6 where field.hasName("expect"):
      guard asciiLowercased(field.value) == "100-continue" else { throw .expectationFailed }
      expectsContinue = true
    case 7 where field.hasName("upgrade"):
      // The decoder reads nothing behind a request that offers an upgrade; the offer itself is ignored.
      closes = true
    case 10 where field.hasName("connection"):
      if Grammar.list(field.value, contains: "close") { closes = true }
    case 12 where field.hasName("content-type"):
      guard !hasContentType else { throw .badRequest }
      hasContentType = true
    case 13 where field.hasName("if-none-match"):
      isConditional = true
    case 14 where field.hasName("content-length"):
      guard contentLength == nil, let length = Grammar.contentLength(field.value) else { throw .badRequest }
      guard length <= configuration.maximumBodyBytes else { throw .contentTooLarge }
      contentLength = length
    case 17 where field.hasName("transfer-encoding"):
      guard !isChunked, asciiLowercased(field.value) == "chunked" else { throw .badRequest }
      isChunked = true
    default:
      break
    }
  }
}

extension String {
  /// Optional whitespace around a field value is not part of it (RFC 9112 §5.1); the decoder strips the
  /// leading.
  fileprivate var withoutTrailingWhitespace: String {
    guard let last = utf8.last, last == 0x20 || last == 0x09 else { return self }
    let end = utf8.lastIndex { $0 != 0x20 && $0 != 0x09 }
    return String(end.map { self[...$0] } ?? "")
  }
}
