// SPDX-License-Identifier: Apache-2.0
//
// A real server on a loopback port for the length of a test, and a responder that tells what it was given.

import Federation
import Glibc
import HTTPServer
import IdentityModel
import Logging
import Synchronization

/// Tells back what it received, one thing a line; `/slow/N` takes N milliseconds first, and `/until-released` as long as
/// the test wants.
final class Echo: RequestResponder {
  static let document = PublishedDocument(
    body: Array(#"{"keys":[]}"#.utf8),
    contentType: "application/json",
    entityTag: #""v1""#
  )

  /// Requests that came.
  let begun = Mutex(0)
  let answered = Mutex(0)
  private let isReleased = Mutex(false)
  let large: PublishedDocument

  init(largeBytes: Int = 0) {
    large = PublishedDocument(
      body: [UInt8](repeating: 0x61, count: largeBytes),
      contentType: "text/plain",
      entityTag: #""large""#
    )
  }

  /// Waits until `count` requests came, for 30 seconds at most; whether they did (blocks).
  func awaitBegun(_ count: Int) -> Bool {
    for _ in 0..<6000 where begun.withLock({ $0 }) < count { usleep(5_000) }
    return begun.withLock { $0 } >= count
  }

  /// Lets all go on that wait at `/until-released`.
  func release() { isReleased.withLock { $0 = true } }

  func publishedDocument(host: String?, path: Substring) -> PublishedDocument? {
    switch path {
    case "/doc": Echo.document
    case "/large": large
    case "/host" where host == "issuer.example": Echo.document
    default: nil
    }
  }

  func respond(to request: APIRequest) async -> APIResponse {
    begun.withLock { $0 += 1 }
    if request.path.hasPrefix("/slow/"), let milliseconds = Int(request.path.dropFirst(6)) {
      try? await Task.sleep(for: .milliseconds(milliseconds))
    }
    while request.path == "/until-released", !isReleased.withLock({ $0 }), !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(5))
    }
    answered.withLock { $0 += 1 }
    if request.path == "/split" {
      return APIResponse(status: 200, headers: [HTTPField("X-A", "a\r\nX-B: b")], body: [])
    }
    var text = "\(request.method) \(request.target)\n"
    for field in request.headers { text += "\(field.name): \(field.value)\n" }
    text += "peer \(request.sourceIPAddress)\ntls \(request.tls?.version ?? "none")\n\n"
    return APIResponse(
      status: 200,
      headers: [
        HTTPField("Content-Type", "text/plain"), HTTPField("X-Echo", "yes"), HTTPField("Date", "mine"),
      ],
      body: Array(text.utf8) + request.body
    )
  }
}

/// Runs a server while `body` runs, then stops it as an operator would.
func withServer<Result: Sendable>(
  tls: TLSSource = .off,
  responder: any RequestResponder = Echo(),
  tasks: (any RequestExecutor)? = nil,
  configure: (inout HTTPServerConfiguration) -> Void = { _ in },
  _ body: @Sendable @escaping (BoundAddress) async throws -> Result
) async throws -> Result {
  var configuration = HTTPServerConfiguration(host: "127.0.0.1", port: 0, eventLoopThreads: 2)
  configuration.shutdownGrace = .seconds(30)
  configure(&configuration)
  let server = HTTPServer(
    configuration: configuration,
    tls: tls,
    responder: responder,
    tasks: tasks,
    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  )
  let (bound, continuation) = AsyncStream.makeStream(of: BoundAddress.self)
  return try await withThrowingTaskGroup(of: Result?.self) { tasks in
    tasks.addTask {
      defer { continuation.finish() }
      try await server.run { continuation.yield($0) }
      return nil
    }
    guard let address = await bound.first(where: { _ in true }) else {
      // The server did not start: its error is the group's.
      while try await tasks.next() != nil {}
      throw ServerDidNotStart()
    }
    let result = try await body(address)
    tasks.cancelAll()
    while try await tasks.next() != nil {}
    return result
  }
}

struct ServerDidNotStart: Error {}
