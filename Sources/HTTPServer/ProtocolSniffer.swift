// SPDX-License-Identifier: Apache-2.0
//
// Tells HTTP/2 with prior knowledge from HTTP/1.1 on a connection without TLS, by the connection preface.
// Source: RFC 9113 §3.3, §3.4.

import NIOCore

/// Looks at the first octets, has the protocol's handlers added behind itself, and leaves.
final class ProtocolSniffer: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  private let configure: (_ isHTTP2: Bool) -> EventLoopFuture<Void>
  private var seen = ByteBuffer()

  /// Calls `configure` once, on the event loop; it must add the handlers before it returns.
  init(configure: @escaping (_ isHTTP2: Bool) -> EventLoopFuture<Void>) {
    self.configure = configure
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var octets = unwrapInboundIn(data)
    seen.writeBuffer(&octets)
    let start = seen.readableBytesView.prefix(Self.preface.count)
    guard Self.preface.starts(with: start) else {
      leave(isHTTP2: false, context: context)
      return
    }
    if start.count == Self.preface.count { leave(isHTTP2: true, context: context) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // A peer that ends before it said enough: the HTTP/1.1 decoder knows whether that is an error.
    if let event = event as? ChannelEvent, event == .inputClosed {
      leave(isHTTP2: false, inputClosed: true, context: context)
    } else {
      context.fireUserInboundEventTriggered(event)
    }
  }

  private func leave(isHTTP2: Bool, inputClosed: Bool = false, context: ChannelHandlerContext) {
    configure(isHTTP2).assumeIsolated().whenComplete { result in
      guard case .success = result else {
        context.close(promise: nil)
        return
      }
      if self.seen.readableBytes > 0 { context.fireChannelRead(self.wrapInboundOut(self.seen)) }
      if inputClosed { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
      context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
  }
}
