// SPDX-License-Identifier: Apache-2.0
//
// Where a trail's files stand in a bucket, under exactly the names that CloudTrail gives them: the AWS CLI finds a
// digest's time at a fixed place in its name. Source: contract §5.2, §5.3; awscli customizations/cloudtrail.

package import IdentityModel

/// A trail and the bucket, or directory, that it writes to.
package struct TrailLocation: Hashable, Sendable {
  /// The bucket.
  package let bucket: String
  /// What all keys begin with; `nil` for nothing.
  package let prefix: String?
  /// The organization's id, of its trails.
  package let organizationID: String?
  /// The account whose records are written.
  package let account: AccountID
  /// The region whose records are written.
  package let region: Region
  /// The name of the trail.
  package let trailName: String
  /// The region that the trail was made in.
  package let homeRegion: Region

  /// Gathers the parts.
  ///
  /// - Throws: `AuditTrailError.malformedPart` for an empty part, a prefix with an empty, `.` or `..` segment, control
  ///   characters, or a slash in a name.
  package init(
    bucket: String,
    prefix: String?,
    organizationID: String? = nil,
    account: AccountID,
    region: Region,
    trailName: String,
    homeRegion: Region
  ) throws(AuditTrailError) {
    func isPart(_ text: String) -> Bool {
      !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }
    func isName(_ text: String) -> Bool {
      isPart(text) && !text.utf8.contains(UInt8(ascii: "/"))
    }
    guard isName(bucket) else { throw .malformedPart("bucket") }
    if let prefix {
      // SECURITY: S3 has no segments, but proxies, path-style URLs and directories do: none may lead elsewhere.
      let segments = prefix.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      let leadsElsewhere = segments.contains { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }
      guard isPart(prefix), !leadsElsewhere, !segments.contains(where: \.isEmpty) else {
        throw .malformedPart("prefix")
      }
    }
    guard isName(trailName) else { throw .malformedPart("trailName") }
    guard organizationID.map(isName) ?? true else { throw .malformedPart("organizationID") }
    self.bucket = bucket
    self.prefix = prefix
    self.organizationID = organizationID
    self.account = account
    self.region = region
    self.trailName = trailName
    self.homeRegion = homeRegion
  }

  /// The key of a log file:
  /// `[prefix/]AWSLogs/[O-ID/]ACCT/CloudTrail/REGION/YYYY/MM/DD/ACCT_CloudTrail_REGION_YYYYMMDDTHHmmZ_<16>.json.gz`.
  ///
  /// - Parameters:
  ///   - time: the time of delivery.
  ///   - random: 16 octets that no other file has; they become letters and digits.
  /// - Throws: `AuditTrailError.malformedPart` for another number of octets.
  /// - Returns: the key.
  package func logFileKey(at time: Instant, random: [UInt8]) throws(AuditTrailError) -> String {
    guard random.count == 16 else { throw .malformedPart("random") }
    let minute = "\(time.basicFormat.prefix(13))Z"
    let unique = String(decoding: random.map { alphanumerics[Int($0) % alphanumerics.count] }, as: UTF8.self)
    return folder("CloudTrail", time) + "\(account)_CloudTrail_\(region)_\(minute)_\(unique).json.gz"
  }

  /// The key of a digest file: as a log file's, in `CloudTrail-Digest`, and
  /// `ACCT_CloudTrail-Digest_REGION_TRAIL_HOMEREGION_YYYYMMDDTHHMMSSZ.json.gz`.
  ///
  /// - Parameter end: the digest's end time.
  /// - Returns: the key.
  package func digestKey(end: Instant) -> String {
    folder("CloudTrail-Digest", end)
      + "\(account)_CloudTrail-Digest_\(region)_\(trailName)_\(homeRegion)_\(end.basicFormat).json.gz"
  }

  private func folder(_ kind: String, _ time: Instant) -> String {
    let date = Array(time.basicDate)
    let day = "\(String(date[0..<4]))/\(String(date[4..<6]))/\(String(date[6..<8]))"
    let owner = organizationID.map { "\($0)/\(account)" } ?? account.description
    return (prefix.map { $0 + "/" } ?? "") + "AWSLogs/\(owner)/\(kind)/\(region)/\(day)/"
  }
}

private let alphanumerics = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
