// SPDX-License-Identifier: Apache-2.0
//
// Answers a GET of a published document whose octets are those of the request before it on the same connection without
// reading them again: the same octets mean the same request. Owns when octets are comparable; refuses to know what they
// mean and what the answer is.

import NIOCore

/// Looks at what comes in before anything reads it.
///
/// INVARIANT: what is compared is one whole request that begins and ends where the decoder stands between two requests. A
/// connection that brought anything else, a request in two reads included, is left to the decoder from then on.
final class RepeatedRequest: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// A longer request is not kept: every open connection may hold one.
  private static let limit = 1024
  private static let headEnd = Array("\r\n\r\n".utf8)

  private enum State {
    /// Nothing came in yet.
    case new
    /// The last request, which `HTTP1Connection` has answered.
    case known(ByteBuffer)
    /// No longer between two requests, for all that is known here.
    case lost
  }

  private let connection: HTTP1Connection
  private var state = State.new

  /// Stands before the decoder whose requests `connection` answers.
  init(_ connection: HTTP1Connection) {
    self.connection = connection
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .lost = state {
      context.fireChannelRead(data)
      return
    }
    let octets = unwrapInboundIn(data)
    if case .known(let request) = state, octets == request, connection.answerAgain() { return }
    let requests = connection.requests
    context.fireChannelRead(data)
    // A head that ends these octets is one that the decoder has seen the end of, and only one request was seen.
    guard connection.requests == requests + 1, connection.isRepeatable, octets.readableBytes <= Self.limit,
      octets.readableBytesView.suffix(Self.headEnd.count).elementsEqual(Self.headEnd)
    else {
      state = .lost
      return
    }
    // A copy: the buffer itself belongs to the event loop, which reads into it again.
    state = .known(ByteBuffer(bytes: octets.readableBytesView))
  }
}
