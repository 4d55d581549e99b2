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
  private let logger: Logger

  /// Serves `responder`; nothing happens before `run`.
  package init(
    configuration: HTTPServerConfiguration,
    tls: TLSSource,
    responder: any RequestResponder,
    logger: Logger
  ) {
    self.configuration = configuration
    self.tls = tls
    self.responder = responder
    self.logger = logger
  }

  /// Listens and serves until the task is cancelled; returns when the last connection has ended.
  ///
  /// `onBound` is called once, when connections are accepted. On cancellation the server accepts no more
  /// connections, answers the requests in flight for up to `shutdownGrace`, and then closes what is left.
  ///
  /// Errors: `HTTPServerError`, when the certificate cannot be used or the address not be bound.
  package func run(onBound: @Sendable (BoundAddress) -> Void) async throws {
    let certificates = try TLSCertificates.load(tls, logger: logger)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, configuration.eventLoopThreads))
    do {
      try await serve(certificates: certificates, group: group, onBound: onBound)
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
    try await group.shutdownGracefully()
  }

  private func serve(
    certificates: TLSCertificates?,
    group: MultiThreadedEventLoopGroup,
    onBound: @Sendable (BoundAddress) -> Void
  ) async throws {
    let connections = Connections(limit: configuration.maximumConnections)
    let bridge = ResponderBridge(responder: responder, connections: connections, logger: logger)
    let service = Service(
      configuration: configuration,
      connections: connections,
      bridge: bridge,
      logger: logger
    )
    let listener = try await bind(
      ConnectionOpening(service: service, certificates: certificates),
      group: group
    )
    let bound = BoundAddress(
      host: listener.localAddress?.ipAddress ?? configuration.host,
      port: listener.localAddress?.port ?? configuration.port
    )
    logger.info(
      "listening",
      metadata: ["address": "\(bound.host)", "port": "\(bound.port)", "tls": "\(certificates != nil)"]
    )
    onBound(bound)

    await withTaskCancellationHandler {
      await withDiscardingTaskGroup { tasks in
        tasks.addTask { await certificates?.watch() }
        // Fails only when closing the listening socket fails: it is gone in either case.
        try? await listener.closeFuture.get()
        tasks.cancelAll()
      }
    } onCancel: {
      listener.close(promise: nil)
    }
    await end(connections, on: listener.eventLoop)
  }

  private func bind(
    _ opening: ConnectionOpening,
    group: MultiThreadedEventLoopGroup
  ) async throws -> any Channel {
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1_024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { opening.open($0) }
    let (host, port) = (configuration.host, configuration.port)
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
