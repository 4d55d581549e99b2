// SPDX-License-Identifier: Apache-2.0
//
// One call of an AWS Query service: form out, signed where a credential is given, XML or an error back, tried again
// when that makes sense. Refuses to know what any action means. Source: AWS Query protocol; contract §1.1, §9.5.

package import IdentityModel
package import SigV4

/// Calls an AWS Query service.
package struct AWSQueryClient: Sendable {
  private let endpoint: HTTPURL
  private let region: Region
  private let service: ServiceName
  private let http: FederationHTTPClient
  private let clock: @Sendable () -> Instant
  private let retry: RetryPolicy

  /// Makes a client.
  ///
  /// - Parameters:
  ///   - endpoint: the server; its path is the request target.
  ///   - region: the region of the credential scope.
  ///   - service: the service of the credential scope, whose API version requests name.
  ///   - http: the way to the network.
  ///   - clock: the wall clock, read for each try.
  ///   - retry: how often to try.
  package init(
    endpoint: HTTPURL,
    region: Region,
    service: ServiceName,
    http: FederationHTTPClient,
    clock: @escaping @Sendable () -> Instant,
    retry: RetryPolicy = .standard
  ) {
    self.endpoint = endpoint
    self.region = region
    self.service = service
    self.http = http
    self.clock = clock
    self.retry = retry
  }

  /// Whether nobody on the way can read what is sent: https, or plain http that does not leave this machine.
  package var isConfidential: Bool {
    endpoint.scheme == .https || asciiLowercased(endpoint.host).utf8.elementsEqual("localhost".utf8)
      || IPAddress(endpoint.host)?.reach == .loopback
  }

  /// Calls `action` with `parameters`, signed by `credential`; unsigned without one.
  ///
  /// Returns the answer of a status 200.
  ///
  /// - Throws: the `STSClientError` of the last try.
  package func call(
    _ action: String,
    _ parameters: [(name: String, value: String)],
    signedBy credential: SigningCredential?
  ) async throws(STSClientError) -> XMLAnswer {
    let pairs =
      [("Action", action), ("Version", service.apiVersion)] + parameters.map { ($0.name, $0.value) }
    let body = Array(
      pairs.map { "\(percentEncoded($0.0))=\(percentEncoded($0.1))" }.joined(separator: "&").utf8
    )
    var attempt = 1
    while true {
      var askedToWait: Int64?
      do throws(STSClientError) {
        return try await send(body, credential, &askedToWait)
      } catch {
        guard error.isTransient, attempt < retry.attempts, !Task.isCancelled,
          let pause = retry.pause(attempt, askedToWait)
        else { throw error }
        try? await Task.sleep(for: pause)
        attempt += 1
      }
    }
  }

  private func send(
    _ body: [UInt8],
    _ credential: SigningCredential?,
    _ askedToWait: inout Int64?
  ) async throws(STSClientError) -> XMLAnswer {
    var headers = [
      HTTPField("Host", endpoint.authority),
      HTTPField("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
    ]
    if let credential {
      guard isFitForHeader(credential.accessKeyID), isFitForHeader(credential.sessionToken ?? "-") else {
        throw .unusableCredential
      }
      let request = SignableRequest(method: "POST", target: endpoint.target, headers: headers, body: body)
      headers += RequestSigner.sign(
        request,
        credential: credential,
        region: region,
        service: service.rawValue,
        now: clock()
      )
    }
    let answer: HTTPAnswer
    do throws(FederationHTTPError) {
      answer = try await http.send(
        HTTPCall(method: "POST", url: endpoint, headers: headers, body: body),
        timeoutSeconds: 30
      )
    } catch {
      throw .http(error, address: endpoint.address)
    }
    askedToWait = answer.retryAfterSeconds(now: clock())
    guard let xml = try? XMLAnswer(answer.body) else {
      throw .notAWSQuery(httpStatus: answer.status, address: endpoint.address)
    }
    guard answer.status == 200 else { throw refusal(answer, xml) }
    return xml
  }

  private func refusal(_ answer: HTTPAnswer, _ xml: XMLAnswer) -> STSClientError {
    guard let code = xml["ErrorResponse/Error/Code"], !code.isEmpty else {
      return .notAWSQuery(httpStatus: answer.status, address: endpoint.address)
    }
    let requestID =
      xml["ErrorResponse/RequestId"] ?? answer.headers.first { $0.hasName("x-amzn-requestid") }?.value
    return .refused(
      code: printable(code),
      message: xml["ErrorResponse/Error/Message"].map(printable),
      httpStatus: answer.status,
      requestID: requestID.flatMap { isRequestID($0) ? $0 : nil }
    )
  }

  // SECURITY: people paste it into a command; who answers here may be anybody.
  private func isRequestID(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}

/// `application/x-www-form-urlencoded` with a space as `%20`: every byte but RFC 3986's unreserved is escaped.
package func percentEncoded(_ text: String) -> String {
  let digits = Array("0123456789ABCDEF".utf8)
  var encoded: [UInt8] = []
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      encoded.append(byte)
    default:
      encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0x0F)]]
    }
  }
  return String(decoding: encoded, as: UTF8.self)
}

/// Whether `text` is a header value that nobody reads differently: visible ASCII, not empty.
package func isFitForHeader(_ text: String) -> Bool {
  !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
}
