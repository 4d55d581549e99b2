// SPDX-License-Identifier: Apache-2.0
//
// A real HTTP/1.1 server on 127.0.0.1 for the tests: keeps what it was asked, answers what the test says, and can
// break off or drip as a hostile server would.

import FederationClient
import IdentityModel
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A request as it arrived.
struct ReceivedRequest: Sendable {
  let method: String
  let target: String
  let headers: [HTTPField]
  let body: [UInt8]

  subscript(_ name: String) -> String? { headers.first { $0.hasName(name) }?.value }
  var text: String { String(decoding: body, as: UTF8.self) }
}

/// What the server does with a request.
enum ServerAnswer: Sendable {
  case answer(status: Int, headers: [HTTPField], body: [UInt8])
  /// Closes the connection without a word.
  case closed
  /// A head that promises a body, then nothing but one byte.
  case dripping

  static func text(_ text: String, status: Int = 200, headers: [HTTPField] = []) -> ServerAnswer {
    .answer(status: status, headers: headers, body: Array(text.utf8))
  }
}

final class LoopbackServer: Sendable {
  private let channel: any Channel
  private let log: RequestLog

  var port: Int { channel.localAddress?.port ?? 0 }
  var requests: [ReceivedRequest] { log.requests.withLock { $0 } }
  /// How many connections were accepted, whatever came over them.
  var connections: Int { log.connections.withLock { $0 } }

  /// The URL of this server under the name or address `host`.
  func url(scheme: String = "http", host: String = "127.0.0.1", path: String = "") -> String {
    "\(scheme)://\(host):\(port)\(path)"
  }

  init(tls: NIOSSLContext?, answer: @escaping @Sendable (ReceivedRequest) -> ServerAnswer) async throws {
    let log = RequestLog()
    self.log = log
    self.channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        log.connections.withLock { $0 += 1 }
        return channel.eventLoop.makeCompletedFuture {
          if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(AnswerHandler(log: log, answer: answer))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  func stop() async {
    try? await channel.close()
  }
}

/// Runs `body` with a server and stops it.
@discardableResult
func withServer<Value>(
  tls: NIOSSLContext? = nil,
  answer: @escaping @Sendable (ReceivedRequest) -> ServerAnswer,
  _ body: (LoopbackServer) async throws -> Value
) async throws -> Value {
  let server = try await LoopbackServer(tls: tls, answer: answer)
  do {
    let value = try await body(server)
    await server.stop()
    return value
  } catch {
    await server.stop()
    throw error
  }
}

/// Runs `body` with a client and shuts it down.
@discardableResult
func withClient<Value>(
  trustRoots: TrustRoots = .system,
  _ body: (FederationHTTPClient) async throws -> Value
) async throws -> Value {
  let client = FederationHTTPClient(trustRoots: trustRoots)
  do {
    let value = try await body(client)
    await client.shutdown()
    return value
  } catch {
    await client.shutdown()
    throw error
  }
}

private final class RequestLog: Sendable {
  let requests = Mutex<[ReceivedRequest]>([])
  let connections = Mutex(0)
}

private final class AnswerHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let log: RequestLog
  private let answer: @Sendable (ReceivedRequest) -> ServerAnswer
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []

  init(log: RequestLog, answer: @escaping @Sendable (ReceivedRequest) -> ServerAnswer) {
    self.log = log
    self.answer = answer
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body = []
    case .body(let part):
      body += part.readableBytesView
    case .end:
      guard let head else { return }
      let request = ReceivedRequest(
        method: head.method.rawValue,
        target: head.uri,
        headers: head.headers.map { HTTPField($0.name, $0.value) },
        body: body
      )
      log.requests.withLock { $0.append(request) }
      respond(answer(request), context)
    }
  }

  private func respond(_ answer: ServerAnswer, _ context: ChannelHandlerContext) {
    switch answer {
    case .answer(let status, let headers, let body):
      var fields = HTTPHeaders(headers.map { ($0.name, $0.value) })
      fields.add(name: "Content-Length", value: String(body.count))
      let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: fields)
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    case .closed:
      context.close(promise: nil)
    case .dripping:
      let head = HTTPResponseHead(
        version: .http1_1,
        status: .ok,
        headers: HTTPHeaders([("Content-Length", "1000")])
      )
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: "{")))), promise: nil)
    }
  }
}
