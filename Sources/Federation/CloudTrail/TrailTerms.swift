// SPDX-License-Identifier: Apache-2.0
//
// What a trail asks of its delivery, how often there is to be something, and why there is not.

package import AuditTrail
package import IdentityModel

/// A trail among those of all accounts.
package struct TrailID: Codable, Hashable, Sendable {
  /// The account whose records it takes.
  package let account: AccountID
  /// The name within the account.
  ///
  /// Shape: ASCII, as `TrailName` lets it through.
  package let name: String

  /// Pairs `account` and `name`.
  package init(account: AccountID, name: String) {
    self.account = account
    self.name = name
  }
}

/// What a trail asks of its delivery.
package struct TrailTerms: Hashable, Sendable {
  /// The trail.
  package let trail: TrailID
  /// The last sequence of the log that came before logging began; `nil` while it does not log.
  ///
  /// No two starts have the same: each is on record.
  package let startedAfter: Int64?
  /// Where its files go.
  package let destination: TrailDeliveryState.Destination
  /// Whether it writes digests.
  package let validatesLogFiles: Bool

  /// Gathers the parts.
  package init(
    trail: TrailID,
    startedAfter: Int64?,
    destination: TrailDeliveryState.Destination,
    validatesLogFiles: Bool
  ) {
    self.trail = trail
    self.startedAfter = startedAfter
    self.destination = destination
    self.validatesLogFiles = validatesLogFiles
  }
}

extension TrailTerms {
  /// What `record` asks for.
  package init(_ record: TrailRecord) {
    trail = TrailID(account: record.account, name: record.name)
    startedAfter = record.isLogging ? record.startedAfter : nil
    destination = .init(
      bucket: record.s3BucketName,
      prefix: record.s3KeyPrefix,
      homeRegion: record.homeRegion
    )
    validatesLogFiles = record.logFileValidationEnabled
  }
}

/// How often there are files, and how large they become.
package struct TrailSchedule: Hashable, Sendable {
  /// Seconds between log files, as long as there are records.
  package var deliverySeconds: Int64 = 300
  /// Seconds between digests.
  package var digestSeconds: Int64 = 3600
  /// The uncompressed records of a file, in bytes; one record alone may be more.
  package var fileBytes = 4 << 20
  /// A digest is written early when it would list more files.
  package var filesPerDigest = 256
  /// How long the rest of a deleted trail is tried to be delivered.
  package var secondsAfterDeletion: Int64 = 24 * 3600

  /// CloudTrail's own.
  package init() {}
}

/// Why something of a trail was not delivered.
package enum TrailDeliveryError: Error, Hashable, Sendable {
  /// The store failed.
  case store(StoreError)
  /// The operator gives trails of the account no bucket of that name.
  case noSuchBucket(String)
  /// The bucket failed.
  case bucket(TrailBucketError)
  /// The digest could not be signed.
  case key(TrailDigestKeyError)
  /// The records of the file `key` are no longer in the log as they were when it was named.
  case recordsDiffer(key: String)
  /// The names of the trail do not make a key.
  case malformedName(AuditTrailError)
  /// There was no memory to compress.
  case notCompressed
  /// What a deleted trail had left was not delivered in time and never will be: the records after `position`.
  case abandoned(position: Int64)

  /// What GetTrailStatus says: a word as S3 would say it, and nothing of how this server reaches the bucket.
  var word: String {
    switch self {
    case .noSuchBucket: "NoSuchBucket"
    case .bucket(.refused(let code, _)): code
    case .bucket(.unreachable): "Unreachable"
    case .key: "SigningKeyUnavailable"
    case .store, .recordsDiffer, .malformedName, .notCompressed, .abandoned: "InternalError"
    }
  }
}
