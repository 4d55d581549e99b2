// SPDX-License-Identifier: Apache-2.0
//
// One HTTP/2 connection: its limits, its idle time and its graceful end. Streams are served in
// HTTP2Stream.swift. Source: RFC 9113 §5.1.2, §6.8, §10.5.

import NIOCore
import NIOHTTP2
import NIOSSL

/// Watches one HTTP/2 connection, behind the frame handler.
final class HTTP2Connection: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame
  typealias OutboundOut = HTTP2Frame

  private let idleTimeout: TimeAmount
  private let isStopping: Bool
  private let seat: Seat
  private var openStreams = 0
  private var lastStream: HTTP2StreamID = .rootStream
  private var isEnding = false
  private var hasSentLastGoAway = false
  /// Whether the frame handler sent a GOAWAY for an error of the connection.
  private var hasFailed = false
  private var timer: Scheduled<Void>?
  private var context: ChannelHandlerContext?

  init(service: Service, seat: Seat) {
    self.seat = seat
    idleTimeout = TimeAmount(service.configuration.idleTimeout)
    isStopping = service.connections.isStopping
  }

  /// Adds the handlers that serve HTTP/2 to the end of `channel`'s pipeline.
  static func configure(_ channel: any Channel, service: Service, peer: Peer, seat: Seat) throws {
    let configuration = service.configuration
    var connection = NIOHTTP2Handler.ConnectionConfiguration()
    connection.initialSettings = [
      HTTP2Setting(parameter: .maxConcurrentStreams, value: configuration.maximumConcurrentStreams),
      HTTP2Setting(parameter: .maxHeaderListSize, value: configuration.maximumHeaderBytes),
    ]
    // What a peer can make us do or hold without a request: frames that only ask for an acknowledgement,
    // streams opened and reset at once (CVE-2023-44487), header blocks without an end (CVE-2024-27316).
    connection.maximumBufferedControlFrames = 1_000
    connection.maximumSequentialContinuationFrames = 5
    connection.maximumRecentlyResetStreams = configuration.maximumConcurrentStreams
    connection.controlFrameRateLimit.maximumCount = 200
    connection.controlFrameRateLimit.windowLength = .seconds(30)
    var stream = NIOHTTP2Handler.StreamConfiguration()
    stream.streamResetFrameRateLimit.maximumCount = 200
    stream.streamResetFrameRateLimit.windowLength = .seconds(30)
    stream.streamErrorRateLimit.maximumCount = 200
    stream.streamErrorRateLimit.windowLength = .seconds(30)

    let watch = HTTP2Connection(service: service, seat: seat)
    let delegate = StreamDelegate(connection: NIOLoopBound(watch, eventLoop: channel.eventLoop))
    try channel.pipeline.syncOperations.addHandler(GoAwayWatch { watch.hasFailed = true })
    _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
      mode: .server,
      connectionConfiguration: connection,
      streamConfiguration: stream,
      streamDelegate: delegate
    ) { stream in
      stream.eventLoop.makeCompletedFuture {
        try stream.pipeline.syncOperations.addHandler(
          HTTP2Stream(service: service, peer: peer, bodies: seat.bodies)
        )
      }
    }
    try channel.pipeline.syncOperations.addHandler(watch)
  }

  // MARK: - Channel events

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if isStopping { end() } else { waitIdle() }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
    self.context = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ChannelShouldQuiesceEvent {
      end()
    } else if let event = event as? ChannelEvent, event == .inputClosed {
      // Nothing can come any more, window updates included.
      context.close(promise: nil)
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // The frame handler answers errors of one stream with RST_STREAM and those of the connection with GOAWAY,
    // and reports both alike. The other requests of the connection outlive the first kind; the second closes,
    // also when the last GOAWAY was sent before and there is none to be seen.
    let isTransport = error is IOError || error is NIOSSLError || error is BoringSSLError
    if isTransport || hasFailed || hasSentLastGoAway { context.close(promise: nil) }
  }

  // MARK: - Streams

  fileprivate func streamCreated(_ id: HTTP2StreamID) {
    openStreams += 1
    seat.isBusy()
    lastStream = max(lastStream, id)
    if !isEnding { timer?.cancel() }
  }

  fileprivate func streamClosed() {
    openStreams -= 1
    guard openStreams == 0 else { return }
    if hasSentLastGoAway {
      closeSoon()
    } else if !isEnding {
      waitIdle()
    }
  }

  private func waitIdle() {
    seat.isIdle()
    timer = context?.eventLoop.assumeIsolated().scheduleTask(in: idleTimeout) { self.end() }
  }

  // Two GOAWAY frames (RFC 9113 §6.8): the first asks for no new streams and promises to serve those under
  // way, the second, a moment later, says where the line was drawn.
  private func end() {
    guard !isEnding, let context else { return }
    isEnding = true
    timer?.cancel()
    goAway(lastStream: .maxID, context: context)
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: Service.linger) {
      guard let context = self.context else { return }
      self.hasSentLastGoAway = true
      self.goAway(lastStream: self.lastStream, context: context)
      if self.openStreams == 0 { context.close(promise: nil) }
    }
  }

  private func goAway(lastStream: HTTP2StreamID, context: ChannelHandlerContext) {
    let payload = HTTP2Frame.FramePayload.goAway(
      lastStreamID: lastStream,
      errorCode: .noError,
      opaqueData: nil
    )
    context.writeAndFlush(wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: payload)), promise: nil)
  }

  // The frame that ended the last stream is written and not yet flushed when its end is reported.
  private func closeSoon() {
    guard let context else { return }
    context.eventLoop.assumeIsolated().execute { self.context?.close(promise: nil) }
  }
}

/// Tells the connection about its streams.
private struct StreamDelegate: NIOHTTP2StreamDelegate {
  let connection: NIOLoopBound<HTTP2Connection>

  func streamCreated(_ id: HTTP2StreamID, channel: any Channel) {
    connection.value.streamCreated(id)
  }

  func streamClosed(_ id: HTTP2StreamID, channel: any Channel) {
    connection.value.streamClosed()
  }
}
