// SPDX-License-Identifier: Apache-2.0
//
// When bytes count as received: against real sockets that read, do not read, die, or end without a word.

import FederationClient
import IdentityModel
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Testing

/// A receiver on 127.0.0.1 that does with a connection what a test says.
private final class Receiver: Sendable {
  enum Manner: Sendable {
    /// Reads to the end and ends in turn.
    case reads
    /// Reads a little and closes.
    case closesUnread
    /// Reads to the end and stays silent.
    case staysSilent
    /// Reads to the end and drops the connection without `close_notify`.
    case endsWithoutNotice
  }

  private let channel: any Channel
  private let inbox = Inbox()

  var port: Int { channel.localAddress?.port ?? 0 }
  var received: [UInt8] { inbox.bytes.withLock { $0 } }

  init(_ manner: Manner, tls: NIOSSLContext?) async throws {
    let inbox = inbox
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(.autoRead, value: manner != .closesUnread)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
          try channel.pipeline.syncOperations.addHandler(Reader(manner, inbox))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  func stop() async {
    try? await channel.close()
  }
}

private final class Inbox: Sendable {
  let bytes = Mutex<[UInt8]>([])
}

private final class Reader: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let manner: Receiver.Manner
  private let inbox: Inbox

  init(_ manner: Receiver.Manner, _ inbox: Inbox) {
    self.manner = manner
    self.inbox = inbox
  }

  func channelActive(context: ChannelHandlerContext) {
    if manner == .closesUnread { context.read() }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = Array(unwrapInboundIn(data).readableBytesView)
    inbox.bytes.withLock { $0 += bytes }
    // The rest is in the kernel's buffer, or on its way.
    if manner == .closesUnread { context.close(promise: nil) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case ChannelEvent.inputClosed = event else { return }
    switch manner {
    case .reads: context.close(promise: nil)
    case .staysSilent, .closesUnread: break
    case .endsWithoutNotice:
      // Below the TLS handler, so that it cannot say goodbye.
      let below = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
      below?.close(promise: nil)
    }
  }
}

private func withReceiver(
  _ manner: Receiver.Manner,
  tls: NIOSSLContext? = nil,
  _ body: (Receiver) async throws -> Void
) async throws {
  let receiver = try await Receiver(manner, tls: tls)
  do {
    try await body(receiver)
    await receiver.stop()
  } catch {
    await receiver.stop()
    throw error
  }
}

struct StreamDeliveryTests {
  private static let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }

  private static func loopback() throws -> IPAddress { try #require(IPAddress("127.0.0.1")) }

  @Test func `what the receiver has read to its end is received`() async throws {
    try await withReceiver(.reads) { receiver in
      let delivery = StreamDelivery(withoutTLS: try Self.loopback(), port: receiver.port)
      try await delivery.send(Self.bytes, timeoutSeconds: 30)
      #expect(receiver.received == Self.bytes)
    }
  }

  @Test func `what was sent and not read is not received`() async throws {
    try await withReceiver(.closesUnread) { receiver in
      let delivery = StreamDelivery(withoutTLS: try Self.loopback(), port: receiver.port)
      await #expect(throws: FederationHTTPError.connectionLost) {
        try await delivery.send(Self.bytes, timeoutSeconds: 30)
      }
    }
  }

  @Test func `a receiver that does not end in turn has not received`() async throws {
    try await withReceiver(.staysSilent) { receiver in
      let delivery = StreamDelivery(withoutTLS: try Self.loopback(), port: receiver.port)
      await #expect(throws: FederationHTTPError.timedOut(seconds: 1)) {
        try await delivery.send(Self.bytes, timeoutSeconds: 1)
      }
    }
  }

  @Test func `where nobody listens nothing is received`() async throws {
    let port = try await {
      let receiver = try await Receiver(.reads, tls: nil)
      await receiver.stop()
      return receiver.port
    }()
    let delivery = StreamDelivery(withoutTLS: try Self.loopback(), port: port)
    await #expect {
      try await delivery.send([1], timeoutSeconds: 30)
    } throws: { error in
      if case .unreachable? = error as? FederationHTTPError { true } else { false }
    }
  }

  @Test(.enabled(if: TestCertificate.canBeMade, "openssl is not installed"))
  func `over TLS the certificate must be for the host, and the end be said`() async throws {
    let home = try TestHome()
    let certificate = try await TestCertificate(in: home)
    let trusted = try TrustRoots(file: certificate.file, in: home.environment())
    try await withReceiver(.reads, tls: certificate.context) { receiver in
      let delivery = try StreamDelivery(host: "127.0.0.1", port: receiver.port, trustRoots: trusted)
      try await delivery.send(Self.bytes, timeoutSeconds: 30)
      #expect(receiver.received == Self.bytes)
      // The certificate is for this address, and not for this name of it.
      for (host, roots) in [("localhost", trusted), ("127.0.0.1", TrustRoots.system)] {
        let refused = try StreamDelivery(host: host, port: receiver.port, trustRoots: roots)
        await #expect {
          try await refused.send([1], timeoutSeconds: 30)
        } throws: { error in
          if case .tlsFailed? = error as? FederationHTTPError { true } else { false }
        }
      }
      #expect(receiver.received == Self.bytes, "bytes were sent before the certificate was checked")
    }
    try await withReceiver(.endsWithoutNotice, tls: certificate.context) { receiver in
      let delivery = try StreamDelivery(host: "127.0.0.1", port: receiver.port, trustRoots: trusted)
      await #expect(throws: FederationHTTPError.connectionLost) {
        try await delivery.send(Array("unheard".utf8), timeoutSeconds: 30)
      }
    }
  }
}
