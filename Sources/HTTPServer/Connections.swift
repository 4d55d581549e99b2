// SPDX-License-Identifier: Apache-2.0
//
// The connections and requests that are alive: how many there may be, and when the last one is gone.
// Refuses to know what travels on them.

import NIOCore
import Synchronization

/// Counts connections and requests, and waits for their end.
final class Connections: Sendable {
  private struct State {
    var channels: [ObjectIdentifier: any Channel] = [:]
    var requests = 0
    var isStopping = false
    var isAbandoned = false
    var drained: EventLoopPromise<Void>?

    /// The promise to keep, once nothing is left to wait for.
    mutating func takeDrained() -> EventLoopPromise<Void>? {
      guard channels.isEmpty, requests == 0 else { return nil }
      defer { drained = nil }
      return drained
    }
  }

  private let limit: Int
  private let state = Mutex(State())

  /// Allows `limit` connections.
  init(limit: Int) {
    self.limit = limit
  }

  /// Whether the server is about to stop: connections end after the request that they carry.
  var isStopping: Bool { state.withLock { $0.isStopping } }

  /// Counts `channel` in until it closes; `false` when there are too many.
  func admit(_ channel: any Channel) -> Bool {
    let isAdmitted = state.withLock { state in
      guard state.channels.count < limit else { return false }
      state.channels[ObjectIdentifier(channel)] = channel
      return true
    }
    if isAdmitted {
      channel.closeFuture.whenComplete { _ in
        self.state.withLock { state in
          state.channels[ObjectIdentifier(channel)] = nil
          return state.takeDrained()
        }?.succeed()
      }
    }
    return isAdmitted
  }

  /// Counts a request in that the responder works on.
  func requestStarted() {
    state.withLock { $0.requests += 1 }
  }

  /// Counts it out.
  func requestFinished() {
    state.withLock { state in
      state.requests -= 1
      return state.takeDrained()
    }?.succeed()
  }

  /// Asks every connection to end, and gives the moment at which all connections and requests have ended.
  func drain(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
    let promise = eventLoop.makePromise(of: Void.self)
    let (channels, drained) = state.withLock { state in
      state.isStopping = true
      state.drained = promise
      return (Array(state.channels.values), state.takeDrained())
    }
    drained?.succeed()
    for channel in channels { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    return promise.futureResult
  }

  /// Whether nobody waits for responses any more.
  var isAbandoned: Bool { state.withLock { $0.isAbandoned } }

  /// Closes what is left and waits no longer; the number of connections and of requests that were cut off.
  func abandon() -> (connections: Int, requests: Int) {
    let (channels, requests, drained) = state.withLock { state in
      state.isAbandoned = true
      defer { state.drained = nil }
      return (Array(state.channels.values), state.requests, state.drained)
    }
    for channel in channels { channel.close(mode: .all, promise: nil) }
    drained?.succeed()
    return (channels.count, requests)
  }
}
