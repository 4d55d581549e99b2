// SPDX-License-Identifier: Apache-2.0
//
// The one way to the network: a request out, a whole answer back, within a time and a size. Never follows a redirect,
// never uses a proxy of the environment, keeps no cookies, decompresses nothing. Refuses to know what the bytes mean
// and which hosts are acceptable.

import AsyncHTTPClient
package import IdentityModel
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Why there is no answer.
package enum FederationHTTPError: Error, Hashable, Sendable {
  /// No connection came about; `reason` in words, such as `connection refused`.
  case unreachable(reason: String)
  /// The connection was reset or closed before the answer was whole.
  case connectionLost
  /// TLS was refused: the certificate is not trusted, not for this host, or the handshake failed.
  case tlsFailed(reason: String)
  /// The answer was not whole in time.
  case timedOut(seconds: Int)
  /// The body is longer than the cap, in bytes.
  case bodyTooLarge(limit: Int)
  /// The request or the answer is no acceptable HTTP message.
  case notHTTP(reason: String)

  /// The reason in words, for the operator's log; nothing in it can steer a terminal.
  package var words: String { reason(self) }

  /// A person's words for `tlsFailed` at a server.
  package static let untrusted = "its certificate is not trusted, or not for this host"
}

/// What to send.
package struct HTTPCall: Sendable {
  /// `GET` or `POST`.
  package let method: String
  /// Where to.
  package let url: HTTPURL
  /// The header lines; `Host` follows from `url` when it is not among them.
  package let headers: [HTTPField]
  /// The body; empty for none.
  package let body: [UInt8]

  /// Gathers the parts.
  package init(method: String, url: HTTPURL, headers: [HTTPField] = [], body: [UInt8] = []) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
  }
}

/// What came back, whole.
package struct HTTPAnswer: Sendable {
  /// The status code.
  package let status: Int
  /// The header lines.
  package let headers: [HTTPField]
  /// The body, within the cap.
  package let body: [UInt8]

  /// Gathers the parts.
  package init(status: Int, headers: [HTTPField], body: [UInt8]) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

/// Sends requests.
///
/// Call `shutdown()` once at the end.
package struct FederationHTTPClient: Sendable {
  private let clients: HostClients

  /// Sees to it that all clients of this process share one thread instead of one for each core.
  ///
  /// Has an effect before the first client alone.
  package static func useOneThread() { NIOSingletons.groupLoopCountSuggestion = 1 }

  /// Makes a client that trusts `trustRoots`, speaks TLS 1.2 and later and HTTP/1.1.
  package init(trustRoots: TrustRoots = .system) {
    self.clients = HostClients(trustRoots)
  }

  /// Sends `call` and collects the answer, whatever its status.
  ///
  /// - Parameters:
  ///   - call: what to send.
  ///   - address: where to connect instead of resolving the URL's host; TLS still demands a certificate for the host.
  ///   - timeoutSeconds: how long everything may take together.
  ///   - maximumBodyBytes: the longest body that is taken.
  /// - Returns: the whole answer.
  /// - Throws: `FederationHTTPError` when there is no whole answer.
  package func send(
    _ call: HTTPCall,
    connectingTo address: IPAddress? = nil,
    timeoutSeconds: Int = 30,
    maximumBodyBytes: Int = 1 << 20
  ) async throws(FederationHTTPError) -> HTTPAnswer {
    guard let client = clients.client(for: call.url, at: address) else {
      throw .unreachable(reason: "the client was shut down")
    }
    return try await send(call, over: client, timeoutSeconds, maximumBodyBytes)
  }

  /// Closes all connections; no call may follow.
  package func shutdown() async {
    for client in clients.removeAll() {
      try? await client.shutdown()  // the only error is that it was shut down before
    }
  }

  private func send(
    _ call: HTTPCall,
    over client: HTTPClient,
    _ timeoutSeconds: Int,
    _ maximumBodyBytes: Int
  ) async throws(FederationHTTPError) -> HTTPAnswer {
    var request = HTTPClientRequest(url: call.url.description)
    request.method = HTTPMethod(rawValue: call.method)
    for field in call.headers { request.headers.add(name: field.name, value: field.value) }
    if !call.body.isEmpty { request.body = .bytes(call.body) }
    let prepared = request
    do {
      return try await withDeadline(seconds: timeoutSeconds) {
        let response = try await client.execute(prepared, timeout: .seconds(Int64(timeoutSeconds)))
        let body = try await response.body.collect(upTo: maximumBodyBytes)
        return HTTPAnswer(
          status: Int(response.status.code),
          headers: response.headers.map { HTTPField($0.name, $0.value) },
          body: Array(body.readableBytesView)
        )
      }
    } catch {
      throw describe(error, timeoutSeconds)
    }
  }
}

struct DeadlineExceeded: Error {}

/// Runs `operation` and cancels it after `seconds`: the library's own timeout ends with the head of the answer, and a
/// body that drips must not hold us.
func withDeadline<Value: Sendable>(
  seconds: Int,
  _ operation: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  try await withThrowingTaskGroup(of: Value.self) { group in
    defer { group.cancelAll() }
    group.addTask { try await operation() }
    group.addTask {
      try await Task.sleep(for: .seconds(seconds))
      throw DeadlineExceeded()
    }
    guard let first = try await group.next() else { throw DeadlineExceeded() }
    return first
  }
}

func describe(_ error: any Error, _ timeoutSeconds: Int) -> FederationHTTPError {
  switch error {
  case is DeadlineExceeded: return .timedOut(seconds: timeoutSeconds)
  case is StreamEndedEarly: return .connectionLost
  case let error as NIOTooManyBytesError: return .bodyTooLarge(limit: error.maxBytes ?? 0)
  case let error as NIOSSLError where error == .uncleanShutdown: return .connectionLost
  case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError, is CertificateNameMismatch:
    return .tlsFailed(reason: printable(String(describing: error)))
  case is HTTPParserError: return .notHTTP(reason: printable(String(describing: error)))
  case let error as IOError:
    return [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH].contains(error.errnoCode)
      ? .unreachable(reason: words(error)) : .connectionLost
  case let error as NIOConnectionError:
    guard let failure = error.connectionErrors.last?.error else {
      return .unreachable(reason: "the host is unknown")
    }
    guard let failure = failure as? IOError else { return describe(failure, timeoutSeconds) }
    return .unreachable(reason: words(failure))
  case let error as HTTPClientError:
    switch error {
    case .connectTimeout, .readTimeout, .writeTimeout, .tlsHandshakeTimeout, .deadlineExceeded,
      .getConnectionFromPoolTimeout:
      return .timedOut(seconds: timeoutSeconds)
    case .remoteConnectionClosed, .uncleanShutdown: return .connectionLost
    default: return .notHTTP(reason: error.shortDescription)
    }
  default: return .unreachable(reason: printable(String(describing: error)))
  }
}

/// What the system calls the error: `connection refused`, `no route to host`.
private func words(_ error: IOError) -> String {
  asciiLowercased(String(cString: strerror(error.errnoCode)))
}

/// `text` with every control character replaced by a space, so that a stranger's words cannot steer a terminal.
///
/// Longer texts end after 2,048 scalars.
package func printable(_ text: String) -> String {
  var scalars = String.UnicodeScalarView()
  for scalar in text.unicodeScalars.prefix(2048) {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: scalars.append(" ")
    default: scalars.append(scalar)
    }
  }
  return String(scalars)
}
