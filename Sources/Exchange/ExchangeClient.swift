// SPDX-License-Identifier: Apache-2.0
//
// The way to the other side: https unless on this machine, no redirect, answers capped, tried again where that helps
// and as late as the other side asks. Refuses to know what is asked. Source: RFC 6749 §3.2; RFC 9110 §10.2.3; RFC 9700
// §4.12 (redirects).

package import FederationClient
package import IdentityModel
import StrictJSON

/// Sends what is asked of the other side.
package struct ExchangeClient: Sendable {
  let http: FederationHTTPClient
  let retry: RetryPolicy
  let now: @Sendable () -> Instant

  /// The longest answer that is read: a token is at most a few kilobytes.
  static let maximumBodyBytes = 1 << 18

  /// Makes a client.
  ///
  /// - Parameters:
  ///   - http: the way to the network.
  ///   - clock: the wall clock: when an answer came.
  ///   - retry: how often to try.
  package init(
    http: FederationHTTPClient,
    clock: @escaping @Sendable () -> Instant,
    retry: RetryPolicy = .standard
  ) {
    self.http = http
    self.now = clock
    self.retry = retry
  }

  /// A form, as `application/x-www-form-urlencoded`.
  func post(
    _ url: HTTPURL,
    form: [(name: String, value: String)],
    headers: [HTTPField] = []
  ) async throws(ExchangeError) -> ExchangeAnswer {
    let text = form.map { "\(percentEncoded($0.name))=\(percentEncoded($0.value))" }.joined(separator: "&")
    return try await post(url, "application/x-www-form-urlencoded", Array(text.utf8), headers)
  }

  /// A JSON text.
  func post(
    _ url: HTTPURL,
    json: [UInt8],
    headers: [HTTPField] = []
  ) async throws(ExchangeError) -> ExchangeAnswer {
    try await post(url, "application/json", json, headers)
  }

  private func post(
    _ url: HTTPURL,
    _ contentType: String,
    _ body: [UInt8],
    _ headers: [HTTPField]
  ) async throws(ExchangeError) -> ExchangeAnswer {
    let call = HTTPCall(
      method: "POST",
      url: url,
      headers: [HTTPField("Content-Type", contentType), HTTPField("Accept", "application/json")] + headers,
      body: body
    )
    var attempt = 1
    while true {
      let answer: Result<HTTPAnswer, FederationHTTPError>
      do throws(FederationHTTPError) {
        answer = .success(
          try await http.send(call, timeoutSeconds: 30, maximumBodyBytes: Self.maximumBodyBytes)
        )
      } catch {
        answer = .failure(error)
      }
      let mayTryAgain = attempt < retry.attempts && !Task.isCancelled
      switch answer {
      case .success(let answer) where isTransient(answer.status):
        let asked = answer.retryAfterSeconds(now: now())
        guard let pause = retry.pause(attempt, asked) else {
          throw .askedToWait(seconds: asked ?? 0, status: answer.status, address: url.address)
        }
        guard mayTryAgain else { return ExchangeAnswer(answer, from: url, at: now()) }
        try? await Task.sleep(for: pause)
      case .success(let answer):
        guard !(300..<400).contains(answer.status) else {
          throw .redirected(status: answer.status, address: url.address)
        }
        return ExchangeAnswer(answer, from: url, at: now())
      case .failure(let error):
        guard isTransient(error), mayTryAgain else { throw .http(error, address: url.address) }
        try? await Task.sleep(for: retry.pause(attempt))
      }
      attempt += 1
    }
  }
}

/// Too many requests, or the other side's own trouble.
private func isTransient(_ status: Int) -> Bool {
  status == 429 || (500..<600).contains(status)
}

private func isTransient(_ error: FederationHTTPError) -> Bool {
  switch error {
  case .unreachable, .connectionLost: true
  case .tlsFailed, .timedOut, .bodyTooLarge, .notHTTP: false
  }
}

/// A whole answer and when it came.
struct ExchangeAnswer: Sendable {
  let status: Int
  let receivedAt: Instant
  /// Where it came from, without a query.
  let address: String
  private let body: [UInt8]

  init(_ answer: HTTPAnswer, from url: HTTPURL, at instant: Instant) {
    status = answer.status
    address = url.address
    body = answer.body
    receivedAt = instant
  }

  var isSuccess: Bool { status == 200 }

  /// The object that the body is; throws when it is none.
  func object() throws(ExchangeError) -> JSONObject {
    guard let object = anyObject else { throw malformed("a JSON object") }
    return object
  }

  /// The object that the body is; `nil` when it is none.
  var anyObject: JSONObject? { (try? JSONReader.read(body))?.object }

  func malformed(_ what: String) -> ExchangeError {
    .malformedAnswer(status: status, what: what, address: address)
  }

  /// A text that is there and not empty.
  func text(_ name: String, in object: JSONObject) throws(ExchangeError) -> String {
    guard let text = object[name]?.string, !text.isEmpty else { throw malformed(name) }
    return text
  }

  /// A token: fit for a header, not empty.
  func token(_ name: String, in object: JSONObject) throws(ExchangeError) -> Secret {
    let text = try text(name, in: object)
    guard isFitForHeader(text) else { throw malformed(name) }
    return Secret(text)
  }

  /// A text that may be missing or `null`, and nothing else.
  func optionalText(_ name: String, in object: JSONObject) throws(ExchangeError) -> String? {
    switch object[name] {
    case nil, .null?: return nil
    case .string(let text)?: return text
    default: throw malformed(name)
    }
  }

  /// The end of a life of so many seconds, which may be missing.
  func end(_ name: String, in object: JSONObject) throws(ExchangeError) -> Instant? {
    switch object[name] {
    case nil, .null?: return nil
    case let value?:
      guard let seconds = value.int64, (0...315_360_000).contains(seconds) else { throw malformed(name) }
      return receivedAt.advanced(bySeconds: seconds)
    }
  }
}

/// Where an exchange may go: https, or plain http on this machine.
///
/// - Throws: `ExchangeError.endpoint`, naming `setting`.
package func exchangeURL(
  _ text: String,
  setting: String,
  permitsPlainHTTP: Bool
) throws(ExchangeError) -> HTTPURL {
  let url: HTTPURL
  do throws(HTTPURLError) {
    url = try HTTPURL(text)
  } catch {
    throw .endpoint(setting: setting, reason: "`\(printable(text))` is no acceptable URL: \(error.words)")
  }
  let isLocal = url.host.utf8.elementsEqual("localhost".utf8) || IPAddress(url.host)?.reach == .loopback
  guard url.scheme == .https || isLocal || permitsPlainHTTP else {
    throw .endpoint(setting: setting, reason: "`\(printable(text))` is plain http beyond this machine")
  }
  return url
}
