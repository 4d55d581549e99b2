// SPDX-License-Identifier: Apache-2.0
//
// What the hot path keeps of the directory: callers and issuers, bounded, and when they are believed. Reads nothing and
// writes nothing itself.

import IdentityModel

/// What the directory remembers.
struct DirectoryMemory: ~Copyable {
  /// What is known of an access key id.
  enum Known {
    case caller(Caller)
    case nobody
  }

  let capacity: Int
  // INVARIANT: a value that was read under an older generation is never remembered; a write begins and ends with a
  // new generation, so a read that overlaps a write cannot leave the old state behind.
  var generation: UInt64 = 0
  var issuers: [AccountID: Issuer] = [:]
  private var callers: [String: Caller] = [:]
  // Unknown ids are remembered too, so that looking one up again costs what a known one costs, but apart: guessing
  // ids must not push real callers out.
  private var nobodies: Set<String> = []
  // INVARIANT: after a write whose outcome is unknown nothing is remembered until a write has succeeded again: only
  // then has the store been opened anew and shown which state it is in.
  private var isDistrusted = false

  init(capacity: Int) {
    self.capacity = capacity
  }

  func known(_ accessKeyID: String) -> Known? {
    if let caller = callers[accessKeyID] { return .caller(caller) }
    return nobodies.contains(accessKeyID) ? .nobody : nil
  }

  mutating func remember(_ caller: Caller?, accessKeyID: String, generation: UInt64) {
    guard generation == self.generation, !isDistrusted else { return }
    if let caller {
      if callers.count >= capacity { callers.removeAll(keepingCapacity: true) }
      callers[accessKeyID] = caller
    } else {
      if nobodies.count >= 8192 { nobodies.removeAll(keepingCapacity: true) }
      nobodies.insert(accessKeyID)
    }
  }

  mutating func remember(_ issuer: Issuer, account: AccountID, generation: UInt64) {
    guard generation == self.generation, !isDistrusted else { return }
    if issuers.count >= capacity { issuers.removeAll(keepingCapacity: true) }
    issuers[account] = issuer
  }

  mutating func distrust() {
    isDistrusted = true
    forgetEverything()
  }

  mutating func trust() {
    guard isDistrusted else { return }
    isDistrusted = false
    forgetEverything()
  }

  private mutating func forgetEverything() {
    generation += 1
    issuers.removeAll()
    nobodies.removeAll()
    callers.removeAll()
  }

  mutating func forget(_ account: AccountID) {
    generation += 1
    issuers[account] = nil
    nobodies.removeAll(keepingCapacity: true)
    callers = callers.filter { $0.value.principal.account != account }
  }
}
