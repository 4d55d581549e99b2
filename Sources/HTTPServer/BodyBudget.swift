// SPDX-License-Identifier: Apache-2.0
//
// How much memory request bodies may take before anybody knows who sent them: per connection and for the
// whole server. Refuses to know what a body means.

import Synchronization

/// The octets of request bodies that all connections of a server hold together.
final class BodyBudget: Sendable {
  private let limit: Int
  private let used = Mutex(0)

  /// Allows `limit` octets.
  init(limit: Int) {
    self.limit = limit
  }

  fileprivate func take(_ count: Int) -> Bool {
    used.withLock { used in
      guard count <= limit - used else { return false }
      used += count
      return true
    }
  }

  fileprivate func giveBack(_ count: Int) {
    used.withLock { $0 -= count }
  }
}

/// The octets of request bodies that one connection holds.
///
/// SECURITY: the first 16 KiB of a connection are its own. Whoever uses up what all connections share cannot
/// keep others from sending a body of the usual size.
final class BodyShare: Sendable {
  private static let own = 16_384

  private let budget: BodyBudget
  private let limit: Int
  private let used = Mutex(0)

  /// Allows `limit` octets, out of `budget` where they are more than the connection's own.
  init(of budget: BodyBudget, limit: Int) {
    self.budget = budget
    self.limit = limit
  }

  /// Counts `count` octets in; `false`, and nothing counted, when there is no room.
  func take(_ count: Int) -> Bool {
    used.withLock { used in
      guard count <= limit - used else { return false }
      let shared = Self.shared(used + count) - Self.shared(used)
      guard shared == 0 || budget.take(shared) else { return false }
      used += count
      return true
    }
  }

  /// Counts `count` octets out, which were counted in before.
  func giveBack(_ count: Int) {
    if count == 0 { return }
    used.withLock { used in
      budget.giveBack(Self.shared(used) - Self.shared(used - count))
      used -= count
    }
  }

  private static func shared(_ count: Int) -> Int { max(0, count - own) }
}
