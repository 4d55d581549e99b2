// SPDX-License-Identifier: Apache-2.0
//
// One connection among those that are counted: where it comes from, whether it is idle, what its request
// bodies take. Refuses to know what travels on it.

import NIOCore
import NIOSSL
import Synchronization

/// The place of one connection.
final class Seat: Sendable {
  /// The connection.
  let channel: any Channel
  /// Whom it is counted against.
  let network: PeerNetwork
  /// The memory for its request bodies.
  let bodies: BodyShare

  /// Nanoseconds on NIO's clock; 0 while busy.
  private let idle = Atomic<UInt64>(0)

  /// A place for `channel`, which is busy at first: it has to show that it speaks HTTP.
  init(_ channel: any Channel, network: PeerNetwork, bodies: BodyShare) {
    self.channel = channel
    self.network = network
    self.bodies = bodies
  }

  /// When the connection began to wait for its next request; `nil` when it does not wait.
  var idleSince: UInt64? {
    let since = idle.load(ordering: .relaxed)
    return since == 0 ? nil : since
  }

  /// Notes that the connection waits for its next request from now on.
  func isIdle() { idle.store(NIODeadline.now().uptimeNanoseconds, ordering: .relaxed) }

  /// Notes that a request has begun.
  func isBusy() { idle.store(0, ordering: .relaxed) }

  /// Closes the connection at once: TLS would wait for the peer's word.
  func vacate() {
    channel.eventLoop.execute { [channel] in
      let pipeline = channel.pipeline.syncOperations
      if let tls = try? pipeline.context(handlerType: NIOSSLServerHandler.self) {
        tls.close(promise: nil)
      } else {
        channel.close(promise: nil)
      }
    }
  }
}
