// SPDX-License-Identifier: Apache-2.0
//
// One HTTP/1.1 connection: one request at a time, responses in the order of the requests, slow peers cut off.
// Refuses to know what requests mean. Source: RFC 9112 §9.

import Federation
import NIOCore
import NIOHTTP1

/// Serves the requests of one connection, behind the request decoder.
final class HTTP1Connection: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = ByteBuffer

  private enum Phase {
    /// Between requests, or in the middle of a head.
    case awaitingHead
    /// The head is known and the body is not complete.
    case receivingBody
    /// The responder has the request.
    case responding
    /// The last response was sent; what still comes in is thrown away.
    case lingering
  }

  private enum Input {
    case part(HTTPServerRequestPart)
    case failure(Refusal)
  }

  private let service: Service
  private let peer: Peer
  private let seat: Seat
  private var phase = Phase.awaitingHead
  private var request: RequestHead?
  /// The requests that began, those that were refused included.
  private(set) var requests = 0
  /// What the last request asked for, when it was a plain GET of a published document and is answered.
  private var repeatable: (host: String?, path: Substring)?
  /// Whether the request in hand is a HEAD request, and whether the connection ends after it.
  private var isHead = false
  private var closesAfter = false
  private var body: [UInt8] = []
  /// The octets that the connection's share was charged for the request in hand.
  private var charged = 0
  /// Pipelined input that has to wait; what one read from the socket brought, because then reading stops.
  private var waiting = CircularBuffer<Input>()
  private var isReading = true
  private var isInReadBurst = false
  /// Whether octets of a head have come in since the last response.
  private var isHeadStarted = false
  private var isInputClosed = false
  private var isOutputClosed = false
  private var isStopping: Bool
  private var deadline: MovingDeadline?
  private var context: ChannelHandlerContext?

  init(service: Service, peer: Peer, seat: Seat) {
    self.service = service
    self.peer = peer
    self.seat = seat
    self.isStopping = service.connections.isStopping
  }

  // MARK: - Channel events

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    let amount = isStopping ? Service.linger : TimeAmount(service.configuration.headerTimeout)
    deadline = MovingDeadline(.now() + amount, on: context.eventLoop) { self.deadlinePassed() }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    deadline?.cancel()
    deadline = nil
    // A responder that works on the body holds it still.
    if phase != .responding { discharge() }
    self.context = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    waiting.removeAll()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    isInReadBurst = true
    receive(.part(unwrapInboundIn(data)), context: context)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    let sawParts = isInReadBurst
    isInReadBurst = false
    context.flush()
    switch phase {
    case .awaitingHead where !sawParts && !isHeadStarted:
      // Octets came in and made no head yet.
      isHeadStarted = true
      let headDeadline = NIODeadline.now() + TimeAmount(service.configuration.headerTimeout)
      if let deadline, headDeadline < deadline.deadline { deadline.move(to: headDeadline) }
    case .awaitingHead, .receivingBody, .responding, .lingering:
      break
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    resume(context: context)
    context.fireChannelWritabilityChanged()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case HTTPParserError.headerOverflow:
      receive(.failure(.requestHeaderFieldsTooLarge), context: context)
    case is HTTPParserError:
      receive(.failure(.badRequest), context: context)
    case is ByteToMessageDecoderError:
      // More input behind what could not be decoded; the failure itself was reported and is being answered.
      break
    default:
      context.close(promise: nil)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? ChannelEvent, event == .inputClosed {
      isInputClosed = true
      if isOutputClosed || (phase == .awaitingHead && waiting.isEmpty) { context.close(promise: nil) }
    } else if event is ChannelShouldQuiesceEvent {
      isStopping = true
      if phase == .awaitingHead, waiting.isEmpty { limit(to: Service.linger) }
    }
    context.fireUserInboundEventTriggered(event)
  }

  // MARK: - Requests

  private func mayProceed(_ context: ChannelHandlerContext) -> Bool {
    (phase == .awaitingHead && context.channel.isWritable) || phase == .receivingBody
  }

  private func receive(_ input: Input, context: ChannelHandlerContext) {
    if phase == .lingering { return }
    if waiting.isEmpty, mayProceed(context) {
      process(input, context: context)
    } else {
      waiting.append(input)
      read(false, context: context)
    }
  }

  private func read(_ isWanted: Bool, context: ChannelHandlerContext) {
    guard isReading != isWanted else { return }
    isReading = isWanted
    // Fails on a closed channel only.
    try? context.channel.syncOptions?.setOption(.autoRead, value: isWanted)
  }

  private func resume(context: ChannelHandlerContext) {
    while let next = waiting.first, mayProceed(context) {
      waiting.removeFirst()
      process(next, context: context)
    }
    if !isInReadBurst { context.flush() }
    if waiting.isEmpty { read(true, context: context) }
  }

  private func process(_ input: Input, context: ChannelHandlerContext) {
    switch input {
    case .failure(let refusal):
      requests += 1
      refuse(refusal, context: context)
    case .part(.head(let head)):
      requests += 1
      repeatable = nil
      seat.isBusy()
      isHead = head.method == .HEAD
      do throws(Refusal) {
        let request = try RequestHead(head, configuration: service.configuration)
        closesAfter = request.closes
        phase = .receivingBody
        if request.hasBody { begin(request, context: context) }
        self.request = request
      } catch {
        refuse(error, context: context)
      }
    case .part(.body(let part)):
      guard body.count + part.readableBytes <= service.configuration.maximumBodyBytes else {
        refuse(.contentTooLarge, context: context)
        return
      }
      guard seat.bodies.take(part.readableBytes) else {
        refuse(.serviceUnavailable, context: context)
        return
      }
      charged += part.readableBytes
      body.append(contentsOf: part.readableBytesView)
    case .part(.end(let trailers)):
      guard trailers == nil else {
        // Fields that no signature covers and no proxy looks at.
        refuse(.badRequest, context: context)
        return
      }
      dispatch(context: context)
    }
  }

  private func begin(_ request: RequestHead, context: ChannelHandlerContext) {
    limit(to: TimeAmount(service.configuration.bodyTimeout))
    if request.expectsContinue {
      context.write(wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
    }
  }

  private func dispatch(context: ChannelHandlerContext) {
    guard let request = request.take() else { return }
    phase = .responding
    if let document = service.document(host: request.host, path: request.path) {
      body.removeAll()
      discharge()
      if request.method == "GET", !request.isConditional, !isLast {
        respond(plainly: document, context: context)
        if !request.hasBody { repeatable = (request.host, request.path) }
      } else {
        respond(document.answer(to: request), context: context)
      }
      return
    }
    if let answer = service.immediateAnswer(request) {
      body.removeAll()
      discharge()
      respond(answer, context: context)
      return
    }
    var body: [UInt8] = []
    swap(&body, &self.body)
    let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
    service.answer(request, body: body, from: peer, on: context.channel) { response in
      connection.value.discharge()
      guard let context = connection.value.context else { return }
      connection.value.respond(response, context: context)
      connection.value.resume(context: context)
    }
  }

  /// Whether the last request may come again: it was answered with a document, and nothing came since.
  var isRepeatable: Bool {
    repeatable != nil && phase == .awaitingHead && waiting.isEmpty && !isHeadStarted
  }

  /// Answers the last request once more, as it would be answered now; `false` when it has to be read for that.
  func answerAgain() -> Bool {
    guard let context, isRepeatable, context.channel.isWritable, !isLast, let repeatable,
      let document = service.document(host: repeatable.host, path: repeatable.path)
    else { return false }
    isInReadBurst = true
    respond(plainly: document, context: context)
    return true
  }

  /// Answers an unconditional GET on a connection that stays open.
  private func respond(plainly document: PublishedDocument, context: ChannelHandlerContext) {
    let octets = service.rendered.octets(
      of: document,
      date: service.date.now,
      allocator: context.channel.allocator
    )
    respond(octets, closes: false, context: context)
  }

  private func discharge() {
    seat.bodies.giveBack(charged)
    charged = 0
  }

  // MARK: - Responses

  private var isLast: Bool { closesAfter || isStopping || (isInputClosed && waiting.isEmpty) }

  private func respond(_ response: APIResponse, context: ChannelHandlerContext) {
    guard phase == .responding else { return }
    let closes = isLast
    respond(octets(of: response, closes: closes, context: context), closes: closes, context: context)
  }

  private func octets(of response: APIResponse, closes: Bool, context: ChannelHandlerContext) -> ByteBuffer {
    response.http1(
      date: service.date.now,
      closes: closes,
      isHead: isHead,
      allocator: context.channel.allocator
    )
  }

  private func respond(_ octets: ByteBuffer, closes: Bool, context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(octets), promise: nil)
    if closes {
      finish(lingering: Service.linger, context: context)
    } else {
      phase = .awaitingHead
      isHead = false
      isHeadStarted = false
      seat.isIdle()
      limit(to: TimeAmount(service.configuration.idleTimeout))
    }
  }

  private func refuse(_ refusal: Refusal, context: ChannelHandlerContext) {
    service.log(refusal, from: peer)
    let octets = octets(of: refusal.response, closes: true, context: context)
    context.write(wrapOutboundOut(octets), promise: nil)
    finish(lingering: Service.lingerAfterRefusal, context: context)
  }

  // A socket that is closed with unread input makes the kernel reset the connection, and the peer's kernel
  // throw away a response that was not read yet. So: end our side, read on for a moment, then close (RFC 9112
  // §9.6).
  private func finish(lingering: TimeAmount, context: ChannelHandlerContext) {
    phase = .lingering
    request = nil
    body = []
    discharge()
    waiting.removeAll()
    read(true, context: context)
    // Until the peer has taken the response.
    limit(to: TimeAmount(service.configuration.idleTimeout))
    context.flush()
    let outputClosed = context.eventLoop.makePromise(of: Void.self)
    outputClosed.futureResult.assumeIsolated().whenComplete { _ in
      guard let context = self.context else { return }
      self.isOutputClosed = true
      if self.isInputClosed { context.close(promise: nil) } else { self.limit(to: lingering) }
    }
    context.close(mode: .output, promise: outputClosed)
  }

  // MARK: - Time

  /// Ends the current phase after `amount`.
  private func limit(to amount: TimeAmount) {
    deadline?.move(to: .now() + amount)
  }

  private func deadlinePassed() {
    guard let context else { return }
    switch phase {
    case .responding:
      // The responder takes the time that it takes; the next phase sets a deadline of its own.
      break
    case .receivingBody:
      refuse(.requestTimeout, context: context)
    case .awaitingHead where isHeadStarted && !isStopping:
      refuse(.requestTimeout, context: context)
    case .awaitingHead, .lingering:
      context.close(promise: nil)
    }
  }
}
