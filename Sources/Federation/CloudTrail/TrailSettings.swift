// SPDX-License-Identifier: Apache-2.0
//
// What CreateTrail and UpdateTrail have in common: the settings of a trail, and the refusal of those that lead to
// services which are not here.

import AWSProtocols
import IdentityModel
import StrictJSON

/// The settings of a trail as a request sends them; `nil` for what it leaves alone.
struct TrailSettings: Sendable {
  let s3BucketName: String?
  /// Empty to have none.
  let s3KeyPrefix: String?
  let includeGlobalServiceEvents: Bool?
  let isMultiRegionTrail: Bool?
  let enableLogFileValidation: Bool?
  private let unsupported: String?

  init(_ parameters: inout ParameterReader) {
    s3BucketName = parameters.optionalString("S3BucketName", length: 0...1024)
    s3KeyPrefix = parameters.optionalString("S3KeyPrefix", length: 0...1024)
    includeGlobalServiceEvents = parameters.optionalBoolean("IncludeGlobalServiceEvents")
    isMultiRegionTrail = parameters.optionalBoolean("IsMultiRegionTrail")
    enableLogFileValidation = parameters.optionalBoolean("EnableLogFileValidation")
    let names = ["SnsTopicName", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn", "KmsKeyId"]
    let sent = names.first { name in
      parameters.optionalString(name, length: 0...2048).map { !$0.isEmpty } ?? false
    }
    unsupported =
      sent ?? (parameters.optionalBoolean("IsOrganizationTrail") == true ? "IsOrganizationTrail" : nil)
  }

  /// Throws unless each of them may be a trail's.
  func require() throws(ServiceError) {
    if let unsupported {
      throw .cloudTrail("UnsupportedOperation", "This server has nothing behind \(unsupported).")
    }
    if let s3BucketName { try TrailName.requireBucket(s3BucketName) }
    if let s3KeyPrefix, !s3KeyPrefix.isEmpty { try TrailName.requirePrefix(s3KeyPrefix) }
    if isMultiRegionTrail == true, includeGlobalServiceEvents == false {
      throw .cloudTrail(
        "InvalidParameterCombination",
        "Multi-Region trail must include global service events."
      )
    }
  }

  /// As CloudTrail records them, after `name`.
  func recorded(after name: String, _ tags: [Tag] = []) -> JSONValue {
    func member(_ name: String, _ value: Bool?) -> [JSONObject.Member] {
      value.map { [JSONObject.Member(name, .bool($0))] } ?? []
    }
    return .object(
      JSONObject(
        [JSONObject.Member("name", .string(name))]
          + JSONObject.Member.ifPresent("s3BucketName", s3BucketName)
          + JSONObject.Member.ifPresent("s3KeyPrefix", s3KeyPrefix)
          + member("includeGlobalServiceEvents", includeGlobalServiceEvents)
          + member("isMultiRegionTrail", isMultiRegionTrail)
          + member("enableLogFileValidation", enableLogFileValidation)
          + (tags.isEmpty ? [] : [JSONObject.Member("tagsList", .tags(tags))])
      )
    )
  }
}

extension House {
  /// Throws S3BucketDoesNotExistException unless the operator gave `bucket` to trails of `account`.
  func requireBucket(_ bucket: String, for account: AccountID) throws(ServiceError) {
    guard trails.buckets.bucket(bucket, for: account) != nil else {
      throw .cloudTrail("S3BucketDoesNotExist", "S3 bucket \(bucket) does not exist!")
    }
  }
}

extension ParameterReader {
  /// A list of tags in AWS CloudTrail's words: `TagsList`, values optional.
  mutating func trailTags(_ name: String = "TagsList") -> [Tag] {
    structureList(name, count: 0...200, type: "Tag", members: ["Key", "Value"]) { tag in
      Tag(
        key: tag.requiredString("Key", length: 1...128, pattern: .tagKey),
        value: tag.optionalString("Value", length: 0...256, pattern: .tagValue) ?? ""
      )
    }
  }
}
