// SPDX-License-Identifier: Apache-2.0
//
// Gives each token a place in its issuer's status lists, and no place to two tokens: places are reserved in blocks,
// durably, before the first of a block is used. What a crash leaves of a block is never used. Source:
// docs/decisions/0026.

import IdentityModel
import Synchronization
import TokenFormats

/// Gives out places in status lists.
package final class StatusIndexes: Sendable {
  /// The most issuers of which something is kept in memory.
  private static let capacity = 4096

  private let progress: any ProgressStore
  private let memory = Mutex(StatusMemory())
  private let turnstile = StatusTurnstile()

  /// Keeps what is reserved in `progress`.
  package init(progress: any ProgressStore) {
    self.progress = progress
  }

  /// The next place in the lists of `issuer`, which no other token has or had.
  func next(of issuer: IssuerRecord, now: Instant) async throws(StoreError) -> StatusListReference {
    let issuerID = issuer.issuerID
    while true {
      if let position = memory.withLock({ $0.take(issuerID) }) {
        let place = StatusPlace(position: position)
        return StatusListReference(index: place.index, uri: StatusLists.uri(issuer.issuer, place.list))
      }
      _ = try await turnstile.pass(issuerID) { () async throws(StoreError) in
        // Somebody else may have reserved between the look above and now.
        guard !self.memory.withLock({ $0.hasPlaces(issuerID) }) else { return }
        try await self.reserve(issuerID, now)
      }
    }
  }

  /// Makes sure that the issuer has a list, which its relying parties can ask for before the first token.
  func begin(_ issuer: IssuerRecord, now: Instant) async throws(StoreError) {
    while try await allocation(of: issuer.issuerID) == nil {
      _ = try await turnstile.pass(issuer.issuerID) { () async throws(StoreError) in
        try await self.reserve(issuer.issuerID, now)
      }
    }
  }

  /// Which places of the issuer are taken; `nil` when it never had a list.
  ///
  /// From memory after the first time.
  func allocation(of issuerID: String) async throws(StoreError) -> StatusAllocation? {
    if let known = memory.withLock({ $0.allocations[issuerID] }) { return known }
    let stored = try await storedAllocation(issuerID)
    return memory.withLock { memory in
      // A reservation in the meantime knows better.
      if let known = memory.allocations[issuerID] { return known }
      memory.remember(stored, issuerID, capacity: Self.capacity)
      return stored
    }
  }

  /// What is known of the issuer's places without a look into the store.
  func knownAllocation(of issuerID: String) -> StatusAllocation? {
    memory.withLock { $0.allocations[issuerID] ?? nil }
  }

  private func storedAllocation(_ issuerID: String) async throws(StoreError) -> StatusAllocation? {
    let name = StatusAllocation.progressName(issuerID)
    guard let bytes = try await progress.progress(of: name) else { return nil }
    guard let allocation = HouseJSON.decode(StatusAllocation.self, from: bytes), allocation.reserved > 0
    else {
      throw .corrupted("progress `\(name)`")
    }
    return allocation
  }

  /// INVARIANT: one at a time for each issuer, and what is used was durable before.
  private func reserve(_ issuerID: String, _ now: Instant) async throws(StoreError) {
    // SECURITY: read anew, so that what is in memory never brings a place back.
    var allocation = try await storedAllocation(issuerID) ?? StatusAllocation(reserved: 0)
    let block = allocation.reserve(at: now)
    guard let bytes = HouseJSON.encode(allocation) else { throw .corrupted("an allocation does not encode") }
    try await progress.setProgress(of: StatusAllocation.progressName(issuerID), bytes)
    let kept = allocation
    memory.withLock { memory in
      memory.remember(kept, issuerID, capacity: Self.capacity)
      memory.blocks[issuerID] = block
    }
  }
}

/// What is known of places.
private struct StatusMemory {
  /// The places that are reserved and not used yet.
  var blocks: [String: Range<Int64>] = [:]
  /// What is known to be kept; `nil` inside for an issuer that never had a list.
  var allocations: [String: StatusAllocation?] = [:]

  func hasPlaces(_ issuerID: String) -> Bool { blocks[issuerID]?.isEmpty == false }

  mutating func take(_ issuerID: String) -> Int64? {
    guard let block = blocks[issuerID], let position = block.first else { return nil }
    blocks[issuerID] = block.dropFirst()
    return position
  }

  mutating func remember(_ allocation: StatusAllocation?, _ issuerID: String, capacity: Int) {
    if allocations.count >= capacity, allocations[issuerID] == nil {
      // Issuers that were only looked at go first: whoever knows many ids must not make others lose their places.
      allocations = allocations.filter { blocks[$0.key] != nil }
    }
    // What is forgotten is read again; the rest of a forgotten block is lost, as after a crash.
    if allocations.count >= capacity, allocations[issuerID] == nil {
      allocations.removeAll(keepingCapacity: true)
      blocks.removeAll(keepingCapacity: true)
    }
    allocations.updateValue(allocation, forKey: issuerID)
  }
}
