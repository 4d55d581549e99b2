// SPDX-License-Identifier: Apache-2.0
//
// Tells that the HTTP/2 layer gave a connection up: it sends GOAWAY with an error and leaves closing to
// others, to whom it reports errors of the connection and of one stream alike. Source: RFC 9113 §4.1, §6.8.

import NIOCore

/// Looks at the frames that are sent, from between the HTTP/2 layer and the socket.
final class GoAwayWatch: ChannelOutboundHandler {
  typealias OutboundIn = IOData
  typealias OutboundOut = IOData

  private static let headerLength = 9
  private static let goAway: UInt8 = 7

  private let gaveUp: () -> Void
  /// What is left of the payload of a frame that was begun.
  private var payloadLeft = 0

  /// Calls `gaveUp` when such a GOAWAY is sent, on the event loop.
  init(gaveUp: @escaping () -> Void) {
    self.gaveUp = gaveUp
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .byteBuffer(let octets) = unwrapOutboundIn(data) { look(at: octets) }
    context.write(data, promise: promise)
  }

  // A frame's header, and the whole of a control frame, are in one buffer.
  private func look(at octets: ByteBuffer) {
    var octets = octets
    while octets.readableBytes > 0 {
      if payloadLeft == 0 {
        guard let header = octets.readBytes(length: Self.headerLength) else { return }
        payloadLeft = header[..<3].reduce(0) { $0 << 8 | Int($1) }
        let code = octets.getInteger(at: octets.readerIndex + 4, as: UInt32.self)
        if header[3] == Self.goAway, let code, code != 0 { gaveUp() }
      }
      let count = min(payloadLeft, octets.readableBytes)
      octets.moveReaderIndex(forwardBy: count)
      payloadLeft -= count
    }
  }
}
