// SPDX-License-Identifier: Apache-2.0
//
// One HTTP/2 stream: one request and its response. Refuses to know what the request means. Source: RFC 9113
// §8.1.

import Federation
import NIOCore
import NIOHPACK
import NIOHTTP2

/// Serves the request of one stream.
final class HTTP2Stream: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame.FramePayload
  typealias OutboundOut = HTTP2Frame.FramePayload

  private enum Phase {
    case awaitingHead
    case receivingBody
    case responding
    case done
  }

  private let service: Service
  private let peer: Peer
  private let bodies: BodyShare
  private var phase = Phase.awaitingHead
  private var request: RequestHead?
  private var body: [UInt8] = []
  /// The octets that `bodies` was charged.
  private var charged = 0
  private var timer: Scheduled<Void>?
  private var context: ChannelHandlerContext?

  init(service: Service, peer: Peer, bodies: BodyShare) {
    self.service = service
    self.peer = peer
    self.bodies = bodies
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
    // A responder that works on the body holds it still.
    if phase != .responding { discharge() }
    self.context = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch (unwrapInboundIn(data), phase) {
    case (.headers(let block), .awaitingHead):
      receive(block.headers, isEnd: block.endStream, context: context)
    case (.headers, .receivingBody):
      // Trailers: fields that no signature covers.
      refuse(.badRequest, context: context)
    case (.data(let part), .receivingBody):
      guard case .byteBuffer(let octets) = part.data else { return }
      guard body.count + octets.readableBytes <= service.configuration.maximumBodyBytes else {
        refuse(.contentTooLarge, context: context)
        return
      }
      guard bodies.take(octets.readableBytes) else {
        refuseStream(context: context)
        return
      }
      charged += octets.readableBytes
      body.append(contentsOf: octets.readableBytesView)
      if part.endStream { dispatch(context: context) }
    default:
      break
    }
  }

  private func receive(_ headers: HPACKHeaders, isEnd: Bool, context: ChannelHandlerContext) {
    do throws(Refusal) {
      let request = try RequestHead(headers, configuration: service.configuration)
      self.request = request
      phase = .receivingBody
      if isEnd {
        dispatch(context: context)
        return
      }
      limit(context) { $0.refuse(.requestTimeout, context: $1) }
      if request.expectsContinue {
        let payload = HTTP2Frame.FramePayload.Headers(headers: [":status": "100"], endStream: false)
        context.writeAndFlush(wrapOutboundOut(.headers(payload)), promise: nil)
      }
    } catch {
      refuse(error, context: context)
    }
  }

  private func dispatch(context: ChannelHandlerContext) {
    guard let request else { return }
    phase = .responding
    timer?.cancel()
    if let document = service.document(host: request.host, path: request.path) {
      send(document.answer(to: request), context: context)
      return
    }
    if let answer = service.immediateAnswer(request) {
      send(answer, context: context)
      return
    }
    var body: [UInt8] = []
    swap(&body, &self.body)
    let stream = NIOLoopBound(self, eventLoop: context.eventLoop)
    service.answer(request, body: body, from: peer, on: context.channel) { response in
      stream.value.discharge()
      guard let context = stream.value.context else { return }
      stream.value.respond(response, context: context)
    }
  }

  private func respond(_ response: APIResponse, context: ChannelHandlerContext) {
    guard phase == .responding else { return }
    send(response, context: context)
  }

  private func refuse(_ refusal: Refusal, context: ChannelHandlerContext) {
    guard phase != .done else { return }
    service.log(refusal, from: peer)
    let isRequestComplete = phase == .responding
    send(refusal.response, context: context)
    if !isRequestComplete {
      // RFC 9113 §8.1: the response is whole, the rest of the request is not wanted.
      context.writeAndFlush(wrapOutboundOut(.rstStream(.noError)), promise: nil)
    }
  }

  /// Nothing was done with the request: the peer may send it again (RFC 9113 §8.7).
  private func refuseStream(context: ChannelHandlerContext) {
    service.log(.serviceUnavailable, from: peer)
    phase = .done
    body = []
    discharge()
    context.writeAndFlush(wrapOutboundOut(.rstStream(.refusedStream)), promise: nil)
  }

  private func discharge() {
    bodies.giveBack(charged)
    charged = 0
  }

  private func send(_ response: APIResponse, context: ChannelHandlerContext) {
    phase = .done
    body = []
    discharge()
    let hasBody = response.mayHaveBody && !response.body.isEmpty && request?.method != "HEAD"
    let head = HTTP2Frame.FramePayload.Headers(
      headers: response.http2(date: service.date.now),
      endStream: !hasBody
    )
    context.write(wrapOutboundOut(.headers(head)), promise: nil)
    if hasBody {
      let octets = context.channel.allocator.buffer(bytes: response.body)
      let data = HTTP2Frame.FramePayload.Data(data: .byteBuffer(octets), endStream: true)
      context.write(wrapOutboundOut(.data(data)), promise: nil)
    }
    context.flush()
    // A peer that opens no window would keep the response here for ever.
    if self.context != nil { limit(context) { $1.close(promise: nil) } }
  }

  private func limit(
    _ context: ChannelHandlerContext,
    then action: @escaping (HTTP2Stream, ChannelHandlerContext) -> Void
  ) {
    timer?.cancel()
    let amount = TimeAmount(service.configuration.bodyTimeout)
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: amount) {
      if let context = self.context { action(self, context) }
    }
  }
}
