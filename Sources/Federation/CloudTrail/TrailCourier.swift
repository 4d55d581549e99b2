// SPDX-License-Identifier: Apache-2.0
//
// Visits a trail and does whatever is due there. Owns what a visit works with and how an object reaches a bucket;
// refuses to know when to come.

import AuditTrail
import IdentityModel

/// Brings the files of trails to their buckets.
struct TrailCourier: Sendable {
  let log: any AccountLogReader
  let progress: any ProgressStore
  let buckets: TrailBuckets
  let signer: TrailDigestSigner
  let gzip: Gzip
  let clock: WallClock
  let entropy: Entropy
  let schedule: TrailSchedule

  /// Delivers all that is due of `trail`.
  ///
  /// - Parameters:
  ///   - trail: the trail.
  ///   - terms: what it asks for; `nil` when it was deleted.
  ///   - key: the key that signs its account's digests, or why there is none.
  /// - Returns: where the delivery stands, or `nil` when the trail never logged; and until when it waits, if it does, before
  ///   files go where the trail says now.
  /// - Throws: `TrailDeliveryError` of the first thing that was due and could not be done; the state says it too.
  func visit(
    _ trail: TrailID,
    terms: TrailTerms?,
    key: Result<TrailDigestKey, TrailDigestKeyError>
  ) async throws(TrailDeliveryError) -> (state: TrailDeliveryState?, heldUntil: Instant?) {
    let last: Int64
    var state: TrailDeliveryState
    do throws(StoreError) {
      // Read before the records are, so that a file never covers a sequence that is still to come.
      last = try await log.lastSequence()
      if let found = try await TrailDeliveryState.read(from: progress, trail.account, trail.name) {
        state = found
      } else if let terms, let startedAfter = terms.startedAfter {
        state = TrailDeliveryState(startedAfter: startedAfter, to: terms.destination)
        try await state.write(to: progress, trail.account, trail.name)
      } else {
        return (nil, nil)
      }
    } catch {
      throw .store(error)
    }
    var visit = TrailVisit(courier: self, trail: trail, terms: terms, key: key, last: last, state: state)
    do throws(TrailDeliveryError) {
      while try await visit.step() {}
    } catch {
      guard !Task.isCancelled, try await visit.isAbandoned() else { throw error }
      throw .abandoned(position: visit.state.position)
    }
    return (visit.state, visit.heldUntil)
  }

  /// Puts `body`, compressed, under `key` into the bucket `name`, if trails of `account` may write there.
  func put(
    _ body: [UInt8],
    at key: String,
    metadata: [(name: String, value: String)] = [],
    into name: String,
    for account: AccountID
  ) async throws(TrailDeliveryError) {
    guard let bucket = buckets.bucket(name, for: account) else { throw .noSuchBucket(name) }
    guard let compressed = gzip.compress(body) else { throw .notCompressed }
    do {
      try await bucket.put(TrailObject(key: key, body: compressed, metadata: metadata))
    } catch {
      throw .bucket(error)
    }
  }
}

extension TrailVisit {
  /// Until when nothing is delivered, because the trail has only just had files elsewhere.
  var heldUntil: Instant? {
    guard let destination = terms?.destination else { return nil }
    let interval = courier.schedule.deliverySeconds
    return state.heldUntil(from: destination, now: courier.clock.now(), interval: interval)
  }
}
