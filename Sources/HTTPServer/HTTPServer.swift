// SPDX-License-Identifier: Apache-2.0
//
// The server's life: bind, serve, and on cancellation end without losing a request. Refuses to know what is
// served.

package import Federation
package import Logging
import Glibc
import NIOCore
import NIOPosix

/// Serves a responder over HTTP/1.1 and HTTP/2, with or without TLS.
package struct HTTPServer: Sendable {
  private let configuration: HTTPServerConfiguration
  private let tls: TLSSource
  private let responder: any RequestResponder
  private let tasks: (any RequestExecutor)?
  private let logger: Logger

  /// Serves `responder`, on `tasks` when there is one; nothing happens before `run`.
  package init(
    configuration: HTTPServerConfiguration,
    tls: TLSSource,
    responder: any RequestResponder,
    tasks: (any RequestExecutor)? = nil,
    logger: Logger
  ) {
    self.configuration = configuration
    self.tls = tls
    self.responder = responder
    self.tasks = tasks
    self.logger = logger
  }

  /// Throws `HTTPServerError` when the certificate that an operator names cannot be used.
  ///
  /// For before anything begins that a start which fails should not leave behind. What is made here is made by `run`.
  package func checkCertificate() throws(HTTPServerError) {
    guard case .files = tls else { return }
    _ = try TLSCertificates.load(tls, logger: logger)
  }

  /// Listens and serves until the task is cancelled; returns when the last connection has ended.
  ///
  /// `onBound` is called once, when connections are accepted. On cancellation the server accepts no more
  /// connections, answers the requests in flight for up to `shutdownGrace`, and then closes what is left.
  ///
  /// Errors: `HTTPServerError`, when the certificate cannot be used or the address not be bound.
  package func run(onBound: @Sendable (BoundAddress) -> Void) async throws {
    var configuration = configuration
    configuration.maximumConnections = min(configuration.maximumConnections, ProcessLimits.raiseOpenFiles())
    if configuration.maximumConnections < self.configuration.maximumConnections {
      logger.warning(
        "fewer connections than configured: the limit of open files is low",
        metadata: ["connections": "\(configuration.maximumConnections)"]
      )
    }
    let certificates = try TLSCertificates.load(tls, logger: logger)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, configuration.eventLoopThreads))
    do {
      try await serve(configuration, certificates: certificates, group: group, onBound: onBound)
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
    try await group.shutdownGracefully()
  }

  private func serve(
    _ configuration: HTTPServerConfiguration,
    certificates: TLSCertificates?,
    group: MultiThreadedEventLoopGroup,
    onBound: @Sendable (BoundAddress) -> Void
  ) async throws {
    let connections = Connections(configuration)
    let bridge = ResponderBridge(
      responder: responder,
      tasks: tasks,
      eventLoops: group.makeIterator(),
      connections: connections,
      logger: logger
    )
    let service = Service(
      configuration: configuration,
      connections: connections,
      bridge: bridge,
      logger: logger
    )
    let opening = ConnectionOpening(service: service, certificates: certificates)
    let listener = try await bind(opening, port: configuration.port, group: group)
    let bound = BoundAddress(
      host: listener.localAddress?.ipAddress ?? configuration.host,
      port: listener.localAddress?.port ?? configuration.port
    )
    logger.info(
      "listening",
      metadata: ["address": "\(bound.host)", "port": "\(bound.port)", "tls": "\(certificates != nil)"]
    )
    onBound(bound)

    await withDiscardingTaskGroup { tasks in
      tasks.addTask { await certificates?.watch() }
      var current: (any Channel)? = listener
      while let open = current {
        await withTaskCancellationHandler {
          // Fails only when closing the listening socket fails: it is gone in either case.
          try? await open.closeFuture.get()
        } onCancel: {
          open.close(promise: nil)
        }
        current = await bindAgain(opening, port: bound.port, group: group)
      }
      tasks.cancelAll()
    }
    await end(connections, on: listener.eventLoop)
  }

  /// Listens again after the listening socket was closed by an error; `nil` once the task is cancelled.
  ///
  /// Accepting can fail for reasons that pass: an interface goes down, a filter refuses.
  private func bindAgain(
    _ opening: ConnectionOpening,
    port: Int,
    group: MultiThreadedEventLoopGroup
  ) async -> (any Channel)? {
    var pause = Duration.milliseconds(100)
    while !Task.isCancelled {
      logger.error("no longer listening, trying again", metadata: ["port": "\(port)", "in": "\(pause)"])
      guard (try? await Task.sleep(for: pause)) != nil else { return nil }
      do {
        let listener = try await bind(opening, port: port, group: group)
        logger.notice("listening again", metadata: ["port": "\(port)"])
        return listener
      } catch {
        logger.error("cannot listen again", metadata: ["reason": "\(error)"])
        pause = min(pause * 2, .seconds(5))
      }
    }
    return nil
  }

  private func bind(
    _ opening: ConnectionOpening,
    port: Int,
    group: MultiThreadedEventLoopGroup
  ) async throws -> any Channel {
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1_024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      // When files run out, accepting waits for a moment.
      .serverChannelInitializer { listener in
        listener.eventLoop.makeCompletedFuture {
          let wait = AcceptBackoffHandler(shouldForwardIOErrorCaught: false) { _ in .milliseconds(100) }
          try listener.pipeline.syncOperations.addHandler(wait)
        }
      }
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      // A request comes with one read; a second one only finds out that there is no more yet. What is left makes the
      // socket ready again.
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { opening.open($0) }
    let host = configuration.host
    do {
      return try await bootstrap.bind(host: host, port: port).get()
    } catch let error as IOError where error.errnoCode == EADDRINUSE {
      throw HTTPServerError.addressInUse(host: host, port: port)
    } catch let error as IOError where error.errnoCode == EACCES || error.errnoCode == EPERM {
      throw HTTPServerError.addressNotPermitted(host: host, port: port)
    } catch {
      throw HTTPServerError.cannotBind(host: host, port: port, reason: String(describing: error))
    }
  }

  private func end(_ connections: Connections, on eventLoop: any EventLoop) async {
    logger.info("stopping")
    let drained = connections.drain(on: eventLoop)
    let grace = eventLoop.scheduleTask(in: TimeAmount(configuration.shutdownGrace)) {
      let cut = connections.abandon()
      logger.warning(
        "the grace is over",
        metadata: ["connections": "\(cut.connections)", "requests": "\(cut.requests)"]
      )
    }
    drained.whenComplete { _ in grace.cancel() }
    try? await drained.get()
    logger.info("stopped")
  }
}
