// SPDX-License-Identifier: Apache-2.0
//
// Bytes over a connection of their own, for protocols that know no acknowledgement: what is sent counts as received when
// the receiver has read to our end and ends the connection in turn. Refuses to know what the bytes mean and which hosts
// are acceptable. Source: RFC 5425 §4.4; RFC 8446 §6.1; RFC 9293 §3.6; RFC 9525 §6.

import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

/// Sends bytes over TCP, with or without TLS.
package struct StreamDelivery: Sendable {
  private let host: String
  private let port: Int
  private let address: IPAddress?
  private let tls: NIOSSLContext?

  /// Sends to `host` over TLS 1.2 or later, with a certificate for `host` from `trustRoots`.
  ///
  /// - Parameters:
  ///   - host: a name or an address.
  ///   - port: the port.
  ///   - trustRoots: who may vouch for the receiver.
  ///   - identity: what is shown to a receiver that asks who sends.
  /// - Throws: `FederationHTTPError.tlsFailed` when they cannot be used.
  package init(
    host: String,
    port: Int,
    trustRoots: TrustRoots,
    identity: ClientCertificate? = nil
  ) throws(FederationHTTPError) {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    configuration.trustRoots = trustRoots.roots
    configuration.additionalTrustRoots = trustRoots.additionalRoots
    if let identity {
      configuration.certificateChain = identity.chain.map { .certificate($0) }
      configuration.privateKey = .privateKey(identity.key)
    }
    do {
      tls = try NIOSSLContext(configuration: configuration)
    } catch {
      throw .tlsFailed(reason: printable(String(describing: error)))
    }
    self.host = host
    self.port = port
    self.address = nil
  }

  /// Sends to `address` without TLS.
  package init(withoutTLS address: IPAddress, port: Int) {
    self.host = address.description
    self.port = port
    self.address = address
    self.tls = nil
  }

  /// Sends `bytes` and the end, and waits for the receiver's end.
  ///
  /// With TLS that end is a `close_notify`, which nobody can forge. Without, it is the end of the stream: a receiver that
  /// closes with bytes unread, or dies with them, resets the connection instead.
  ///
  /// - Throws: `FederationHTTPError` unless all of it happened within `timeoutSeconds`.
  package func send(_ bytes: [UInt8], timeoutSeconds: Int) async throws(FederationHTTPError) {
    do {
      try await withDeadline(seconds: timeoutSeconds) {
        let connection = try await connect()
        try await withTaskCancellationHandler {
          try await exchange(bytes, connection)
        } onCancel: {
          connection.channel.close(promise: nil)
        }
      }
    } catch {
      throw describe(error, timeoutSeconds)
    }
  }

  private struct Connection: Sendable {
    let channel: any Channel
    let handshake: EventLoopFuture<Void>
    let end: EventLoopFuture<Void>
  }

  private func connect() async throws -> Connection {
    try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connectTimeout(.seconds(5))
      .channelOption(.allowRemoteHalfClosure, value: true)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .connect(host: host, port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls {
            // A host that is an address is checked against the certificate's addresses.
            let name = IPAddress(host) == nil ? host : nil
            try channel.pipeline.syncOperations.addHandler(
              NIOSSLClientHandler(context: tls, serverHostname: name)
            )
          }
          let ends = EndsOfStream(on: channel.eventLoop)
          let connection = Connection(
            channel: channel,
            handshake: ends.handshake.futureResult,
            end: ends.end.futureResult
          )
          try channel.pipeline.syncOperations.addHandler(ends)
          return connection
        }
      }
  }

  private func exchange(_ bytes: [UInt8], _ connection: Connection) async throws {
    let channel = connection.channel
    defer { channel.close(promise: nil) }
    if tls != nil {
      try await connection.handshake.get()
      // SECURITY: the TLS library takes a certificate for the peer's address for one of the name.
      if IPAddress(host) == nil {
        guard let certificate = try await channel.nioSSL_peerCertificate().get(),
          isCertificate(certificate, for: host)
        else { throw CertificateNameMismatch(host: host) }
      }
    }
    do {
      try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
      try await channel.close(mode: .output)
    } catch is ChannelError {
      // The channel was closed by then, whatever it calls that.
      throw StreamEndedEarly()
    }
    try await connection.end.get()
  }
}

/// The receiver ended the connection before we did, so that it cannot have read everything.
struct StreamEndedEarly: Error {}

/// Sees both ends of a stream: ours, then the receiver's.
private final class EndsOfStream: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer

  let handshake: EventLoopPromise<Void>
  let end: EventLoopPromise<Void>
  private var isOursSent = false

  init(on eventLoop: any EventLoop) {
    handshake = eventLoop.makePromise()
    end = eventLoop.makePromise()
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if mode == .output { isOursSent = true }
    context.close(mode: mode, promise: promise)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case TLSUserEvent.handshakeCompleted: handshake.succeed()
    case ChannelEvent.inputClosed: receiverEnded()
    default: break
    }
    context.fireUserInboundEventTriggered(event)
  }

  // A reset, a broken record, an end of a TLS connection without `close_notify`.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(error)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    receiverEnded()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    fail(StreamEndedEarly())
  }

  // Only the first word counts: an end after an error is no end.
  private func receiverEnded() {
    if isOursSent { end.succeed() } else { fail(StreamEndedEarly()) }
  }

  private func fail(_ error: any Error) {
    handshake.fail(error)
    end.fail(error)
  }
}
