// SPDX-License-Identifier: Apache-2.0
//
// The connections and requests that are alive: how many there may be, and when the last one is gone.
// Refuses to know what travels on them.

import NIOCore
import Synchronization

/// Counts connections and requests, and waits for their end.
final class Connections: Sendable {
  private struct State {
    var seats: [ObjectIdentifier: Seat] = [:]
    var counts: [PeerNetwork: Int] = [:]
    var requests = 0
    var isStopping = false
    var isAbandoned = false
    var drained: EventLoopPromise<Void>?

    /// The promise to keep, once nothing is left to wait for.
    mutating func takeDrained() -> EventLoopPromise<Void>? {
      guard seats.isEmpty, requests == 0 else { return nil }
      defer { drained = nil }
      return drained
    }

    mutating func remove(_ seat: Seat) {
      guard seats.removeValue(forKey: ObjectIdentifier(seat.channel)) != nil else { return }
      let left = counts[seat.network, default: 1] - 1
      counts[seat.network] = left == 0 ? nil : left
    }

    /// The connection that has waited longest for its next request, out of all or out of those of `network`.
    func longestIdle(of network: PeerNetwork?) -> Seat? {
      let idle = seats.values.filter { $0.idleSince != nil && (network == nil || $0.network == network) }
      return idle.min { $0.idleSince ?? .max < $1.idleSince ?? .max }
    }
  }

  private let configuration: HTTPServerConfiguration
  private let bodies: BodyBudget
  private let state = Mutex(State())

  /// Keeps the limits of `configuration`.
  init(_ configuration: HTTPServerConfiguration) {
    self.configuration = configuration
    self.bodies = BodyBudget(limit: configuration.maximumBufferedBodyBytes)
  }

  /// Whether the server is about to stop: connections end after the request that they carry.
  var isStopping: Bool { state.withLock { $0.isStopping } }

  /// Counts `channel` in until it closes; `nil` when there are too many and none is idle.
  func admit(_ channel: any Channel) -> Seat? {
    let share = BodyShare(of: bodies, limit: configuration.maximumBodyBytesPerConnection)
    let seat = Seat(channel, network: PeerNetwork(channel.remoteAddress), bodies: share)
    let (isAdmitted, replaced) = state.withLock { state -> (Bool, Seat?) in
      var replaced: Seat?
      let isNetworkFull = state.counts[seat.network, default: 0] >= limit(for: seat.network)
      if isNetworkFull || state.seats.count >= configuration.maximumConnections {
        replaced = state.longestIdle(of: isNetworkFull ? seat.network : nil)
        guard let replaced else { return (false, nil) }
        state.remove(replaced)
      }
      state.seats[ObjectIdentifier(channel)] = seat
      state.counts[seat.network, default: 0] += 1
      return (true, replaced)
    }
    replaced?.vacate()
    guard isAdmitted else { return nil }
    channel.closeFuture.whenComplete { _ in
      self.state.withLock { state in
        state.remove(seat)
        return state.takeDrained()
      }?.succeed()
    }
    return seat
  }

  private func limit(for network: PeerNetwork) -> Int {
    network.isLoopback
      ? configuration.maximumConnectionsPerLoopbackAddress : configuration.maximumConnectionsPerAddress
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
      return (state.seats.values.map(\.channel), state.takeDrained())
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
      return (state.seats.values.map(\.channel), state.requests, state.drained)
    }
    for channel in channels { channel.close(mode: .all, promise: nil) }
    drained?.succeed()
    return (channels.count, requests)
  }
}
