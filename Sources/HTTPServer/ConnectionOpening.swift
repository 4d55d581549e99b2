// SPDX-License-Identifier: Apache-2.0
//
// From an accepted socket to the protocol that is spoken on it: TLS with ALPN, or plain HTTP/1.1 and HTTP/2
// with prior knowledge told apart by their first octets. Source: RFC 7301, RFC 9113 §3.2, §3.3.

import Federation
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOSSL

/// Sets up new connections.
struct ConnectionOpening: Sendable {
  private enum Version {
    case http1
    case http2
  }

  let service: Service
  /// The certificates now in use; `nil` without TLS.
  let certificates: TLSCertificates?

  /// Prepares `channel`, which nothing was read from.
  func open(_ channel: any Channel) -> EventLoopFuture<Void> {
    guard let seat = service.connections.admit(channel) else {
      service.logger.debug("connection closed: too many are open, in all or from its address")
      return channel.eventLoop.makeFailedFuture(ChannelError.inappropriateOperationForState)
    }
    let amount =
      service.connections.isStopping ? Service.linger : TimeAmount(service.configuration.headerTimeout)
    do {
      let pipeline = channel.pipeline.syncOperations
      if let certificates {
        try pipeline.addHandler(NIOSSLServerHandler(context: certificates.context))
        return channel.configureHTTP2SecureUpgrade(
          h2ChannelConfigurator: { configure($0, for: .http2, seat: seat) },
          http1ChannelConfigurator: { configure($0, for: .http1, seat: seat) }
        ).flatMapThrowing { try channel.pipeline.syncOperations.addHandler(OpeningDeadline(amount)) }
      }
      try pipeline.addHandlers([
        ProtocolSniffer { isHTTP2 in configure(channel, for: isHTTP2 ? .http2 : .http1, seat: seat) },
        OpeningDeadline(amount),
      ])
      return channel.eventLoop.makeSucceededVoidFuture()
    } catch {
      return channel.eventLoop.makeFailedFuture(error)
    }
  }

  private func configure(_ channel: any Channel, for version: Version, seat: Seat) -> EventLoopFuture<Void> {
    channel.eventLoop.makeCompletedFuture {
      let pipeline = channel.pipeline.syncOperations
      if let deadline = try? pipeline.context(handlerType: OpeningDeadline.self) {
        pipeline.removeHandler(context: deadline, promise: nil)
      }
      let peer = Peer(channel, tls: tlsDetails(of: channel))
      switch version {
      case .http1:
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = service.configuration.maximumHeaderBytes
        limits.maxHeaderListSize = service.configuration.maximumHeaderBytes
        limits.maxHeaderFieldCount = service.configuration.maximumHeaderCount
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
        let connection = HTTP1Connection(service: service, peer: peer, seat: seat)
        try pipeline.addHandlers([
          RepeatedRequest(connection), RequestLineGuard(), ByteToMessageHandler(decoder), connection,
        ])
      case .http2:
        try HTTP2Connection.configure(channel, service: service, peer: peer, seat: seat)
      }
    }
  }

  private func tlsDetails(of channel: any Channel) -> TLSDetails? {
    guard certificates != nil else { return nil }
    // The TLS library does not tell which cipher suite was agreed.
    switch try? channel.pipeline.syncOperations.nioSSL_tlsVersion() {
    case .tlsv12: return TLSDetails(version: "TLSv1.2", cipherSuite: nil)
    case .tlsv13: return TLSDetails(version: "TLSv1.3", cipherSuite: nil)
    default: return nil
    }
  }
}

/// Closes a connection that does not come to speak HTTP in time; removed when it does.
private final class OpeningDeadline: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = NIOAny

  private let amount: TimeAmount
  private var timer: Scheduled<Void>?

  init(_ amount: TimeAmount) {
    self.amount = amount
  }

  func handlerAdded(context: ChannelHandlerContext) {
    start(amount, context: context)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ChannelShouldQuiesceEvent { start(Service.linger, context: context) }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // A failed handshake, a scanner that speaks something else.
    context.close(promise: nil)
  }

  private func start(_ amount: TimeAmount, context: ChannelHandlerContext) {
    timer?.cancel()
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: amount) { context.close(promise: nil) }
  }
}
