// SPDX-License-Identifier: Apache-2.0
//
// A trail as the directory holds it: where an account's records are delivered, and whether they are. Shapes and ids
// only; rules live in the actions, and how far the delivery has come in `TrailDeliveryState`.
// Source: AWS CloudTrail API, Trail.

package import IdentityModel

/// A trail.
///
/// Id: `account/name`.
package struct TrailRecord: TaggedRecord {
  package static let kind = RecordKind("Trail")
  /// The most in one account.
  ///
  /// Source: CloudTrail quotas, trails per region.
  static let maximumPerAccount = 5
  /// The most tags of one trail.
  ///
  /// Source: CloudTrail API, AddTags.
  static let maximumTags = 50

  /// The account.
  package let account: AccountID
  /// The name, as its maker spelled it.
  package let name: String
  /// The region in which it was made.
  package let homeRegion: String
  /// The bucket, by the name that the operator gave it.
  package var s3BucketName: String
  /// What the keys of its files begin with, without the slash behind it.
  package var s3KeyPrefix: String?
  /// Whether events of IAM and STS are in it: always, and said back.
  package var includeGlobalServiceEvents: Bool
  /// Whether events of every region are in it: always, and said back.
  package var isMultiRegionTrail: Bool
  /// Whether digests are made.
  package var logFileValidationEnabled: Bool
  /// Whether it is being delivered.
  package var isLogging: Bool
  /// When logging last began.
  package var startedAt: Instant?
  /// The last sequence of the log before that: its delivery begins with the next.
  package var startedAfter: Int64?
  /// When logging last ended.
  package var stoppedAt: Instant?
  package var tags: [Tag]
  /// When it was made.
  package let createDate: Instant

  /// The id of the trail `name` of `account`.
  package static func id(_ account: AccountID, _ name: String) -> String { "\(account)/\(name)" }

  /// The ARN of the trail `name`.
  static func arn(_ account: AccountID, _ region: String, _ name: String) -> ARN {
    ARN(service: "cloudtrail", region: region, account: account, resource: "trail/\(name)")
  }

  /// `arn:aws:cloudtrail:region:A:trail/name`.
  package var arn: ARN { TrailRecord.arn(account, homeRegion, name) }
}
