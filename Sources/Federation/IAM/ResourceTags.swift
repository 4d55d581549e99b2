// SPDX-License-Identifier: Apache-2.0
//
// The rules of IAM's tags that need more than one tag's shape. Source: IAM API, TagUser and its like; IAM User Guide,
// rules for tagging.

import IdentityModel

/// How many tags a resource may have.
///
/// Source: IAM quotas, tags.
private let tagsPerResource = 50

extension [Tag] {
  /// Throws InvalidInput when two keys differ in nothing but the case of ASCII letters, or a key is one of AWS's own.
  func requireTaggable() throws(ServiceError) {
    var seen: Set<[UInt8]> = []
    for tag in self {
      let key = tag.key.utf8.map(asciiLowercase)
      guard seen.insert(key).inserted else {
        throw .invalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
      }
      guard !key.starts(with: "aws:".utf8) else {
        throw .invalidInput("aws: prefixed tag key names are not allowed for external use.")
      }
    }
  }

  /// These tags with `others` added or put in their places; throws LimitExceeded when there are then too many.
  func tagged(with others: [Tag]) throws(ServiceError) -> [Tag] {
    let tags = overridden(by: others)
    guard tags.count <= tagsPerResource else {
      throw .limitExceeded("The number of tags has reached the maximum limit.")
    }
    return tags
  }

  /// These tags without those of `keys`, whatever their case; a key that no tag has is not missed.
  func untagged(_ keys: [String]) -> [Tag] {
    let gone = Set(keys.map { $0.utf8.map(asciiLowercase) })
    return filter { !gone.contains($0.key.utf8.map(asciiLowercase)) }
  }
}
