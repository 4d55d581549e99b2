// SPDX-License-Identifier: Apache-2.0
//
// How far the delivery of a trail has come, as it rests in the store: what was delivered, what is being delivered
// under exactly which name, and the end of the digest chain. Each step is one write of the whole.

import AuditTrail
package import IdentityModel

/// How far the delivery of a trail has come.
///
/// A released field never changes its name or meaning; a new one is optional.
package struct TrailDeliveryState: Codable, Hashable, Sendable {
  /// A log file on its way: durable before the file is put, so that whoever tries again puts the same one.
  package struct PendingFile: Codable, Hashable, Sendable {
    /// The key, its chance included.
    package let key: String
    /// The last sequence that it covers; it begins after `position`.
    package let through: Int64
    /// Of the uncompressed file, in lower-case hexadecimal.
    package let sha256: String
  }

  /// A log file that was delivered and awaits its digest.
  package struct DeliveredFile: Codable, Hashable, Sendable {
    package let bucket: String
    package let key: String
    /// Of the uncompressed file, in lower-case hexadecimal.
    package let sha256: String
    package let newestEventTime: Instant
    package let oldestEventTime: Instant
  }

  /// A digest on its way; what it says follows from the rest of the state.
  package struct PendingDigest: Codable, Hashable, Sendable {
    /// Its `digestEndTime`.
    package let end: Instant
    /// The key that signed it.
    package let fingerprint: String
    /// The signature.
    package let signature: Octets
    /// How many of the files in `undigested`, from the first, it lists.
    package let fileCount: Int
  }

  /// The digest at the end of the chain.
  package struct DeliveredDigest: Codable, Hashable, Sendable {
    package let bucket: String
    package let key: String
    /// Of the uncompressed file, in lower-case hexadecimal.
    package let sha256: String
    /// In lower-case hexadecimal.
    package let signature: String
  }

  /// Where the files go: the trail's own words, as they were when the delivery last looked.
  package struct Destination: Codable, Hashable, Sendable {
    package let bucket: String
    package let prefix: String?
    /// The trail's home region: what stands in the names of all its files.
    package let homeRegion: String

    /// Gathers the parts.
    package init(bucket: String, prefix: String?, homeRegion: String) {
      self.bucket = bucket
      self.prefix = prefix
      self.homeRegion = homeRegion
    }

    /// Whether both are the same, byte for byte.
    func isSame(as other: Destination) -> Bool {
      bucket.utf8.elementsEqual(other.bucket.utf8) && homeRegion.utf8.elementsEqual(other.homeRegion.utf8)
        && (prefix == nil) == (other.prefix == nil)
        && (prefix ?? "").utf8.elementsEqual((other.prefix ?? "").utf8)
    }
  }

  /// The last sequence before the start of the logging that this is about.
  package internal(set) var startedAfter: Int64
  /// When the delivery noticed that this logging ended; `nil` while it goes on.
  package internal(set) var endedAt: Instant?
  /// Whether logging ended and all that was due is delivered.
  package internal(set) var isFinished = false
  /// Where the files go.
  package internal(set) var destination: Destination
  /// The sequence up to which the account's records are in files that were delivered.
  package internal(set) var position: Int64

  package internal(set) var pendingFile: PendingFile?
  /// The files that the next digest will list, in order.
  package internal(set) var undigested: [DeliveredFile] = []
  /// Where the next digest begins; `nil` when log file validation is off.
  package internal(set) var digestStart: Instant?
  package internal(set) var pendingDigest: PendingDigest?
  /// `nil` at the start of a chain.
  package internal(set) var previousDigest: DeliveredDigest?
  /// The end of the last digest of all: no later one may have its name.
  package internal(set) var latestDigestEnd: Instant?

  /// When a log file was last delivered: `LatestDeliveryTime`.
  package internal(set) var latestDeliveryTime: Instant?
  /// When it was last tried: `LatestDeliveryAttemptTime`.
  package internal(set) var latestDeliveryAttemptTime: Instant?
  /// Why the last try failed, in one word as S3 says it; `nil` when it did not: `LatestDeliveryError`.
  package internal(set) var latestDeliveryError: String?
  /// When a digest was last delivered: `LatestDigestDeliveryTime`.
  package internal(set) var latestDigestDeliveryTime: Instant?
  /// Why the last try of a digest failed; `nil` when it did not: `LatestDigestDeliveryError`.
  package internal(set) var latestDigestDeliveryError: String?

  /// Begins after the sequence `startedAfter`.
  init(startedAfter: Int64, to destination: Destination) {
    self.startedAfter = startedAfter
    self.destination = destination
    self.position = startedAfter
  }

  /// Begins again after an end: a new chain of digests, and no record for the second time.
  mutating func begin(after startedAfter: Int64) {
    self.startedAfter = startedAfter
    endedAt = nil
    isFinished = false
    position = max(position, startedAfter)
  }
}

// MARK: - Where the files go

extension TrailDeliveryState {
  /// Until when files do not yet go to `destination`; `nil` when they do, or may from now on.
  ///
  /// SECURITY: each new prefix makes folders in a bucket that accounts may share: one change of a trail in an `interval`
  /// of seconds after its last file. A trail whose bucket takes nothing has another at once.
  func heldUntil(from destination: Destination, now: Instant, interval: Int64) -> Instant? {
    guard !destination.isSame(as: self.destination),
      let latest = [latestDeliveryTime, latestDigestDeliveryTime].compactMap(\.self).max()
    else { return nil }
    let end = latest.advanced(bySeconds: interval)
    // A clock that went back must not stop anything.
    return latest <= now && now < end ? end : nil
  }
}

// MARK: - At rest

extension TrailDeliveryState {
  /// The name in the store's progress.
  package static func progressName(_ account: AccountID, _ trail: String) -> String {
    "trail/\(account)/\(trail)"
  }

  /// The trail whose state has the name `name` in the store's progress; `nil` for any other name.
  static func trail(ofProgress name: String) -> TrailID? {
    let parts = name.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 2).map { String(Substring($0)) }
    guard parts.count == 3, parts[0] == "trail", let account = AccountID(parts[1]) else { return nil }
    return TrailID(account: account, name: parts[2])
  }

  /// The state of the trail `trail` of `account`; `nil` when it never logged.
  ///
  /// Throws `corrupted` for something that the delivery did not write.
  package static func read(
    from progress: any ProgressReader,
    _ account: AccountID,
    _ trail: String
  ) async throws(StoreError) -> TrailDeliveryState? {
    let name = progressName(account, trail)
    guard let bytes = try await progress.progress(of: name) else { return nil }
    guard let state = HouseJSON.decode(TrailDeliveryState.self, from: bytes) else {
      throw .corrupted("progress `\(name)`")
    }
    return state
  }

  /// Writes the state; durable on return.
  func write(
    to progress: any ProgressStore,
    _ account: AccountID,
    _ trail: String
  ) async throws(StoreError) {
    let name = TrailDeliveryState.progressName(account, trail)
    guard let bytes = HouseJSON.encode(self) else { throw .corrupted("progress `\(name)` does not encode") }
    try await progress.setProgress(of: name, bytes)
  }

  /// Forgets the state of a trail that is gone; durable on return.
  static func remove(
    from progress: any ProgressStore,
    _ account: AccountID,
    _ trail: String
  ) async throws(StoreError) {
    try await progress.setProgress(of: progressName(account, trail), nil)
  }
}

// MARK: - As the trail's files say it

extension TrailDeliveryState.DeliveredFile {
  init(_ reference: DigestFile.LogFileReference) {
    bucket = reference.bucket
    key = reference.key
    sha256 = reference.hashValue
    newestEventTime = reference.newestEventTime
    oldestEventTime = reference.oldestEventTime
  }

  /// What a digest says of it.
  var reference: DigestFile.LogFileReference {
    DigestFile.LogFileReference(
      bucket: bucket,
      key: key,
      hashValue: sha256,
      newestEventTime: newestEventTime,
      oldestEventTime: oldestEventTime
    )
  }
}

extension TrailDeliveryState.DeliveredDigest {
  init(_ previous: DigestFile.Previous) {
    bucket = previous.bucket
    key = previous.key
    sha256 = previous.hashValue
    signature = previous.signature
  }

  /// What the next digest says of it.
  var previous: DigestFile.Previous {
    DigestFile.Previous(bucket: bucket, key: key, hashValue: sha256, signature: signature)
  }
}
