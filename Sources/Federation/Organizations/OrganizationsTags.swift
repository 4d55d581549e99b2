// SPDX-License-Identifier: Apache-2.0
//
// What the tags of an organization's resources must be, besides their shape. Source: botocore,
// `InvalidInputExceptionReason`; AWS Organizations User Guide, tagging.

import IdentityModel

extension [Tag] {
  /// Throws InvalidInputException when a key stands twice or is one of AWS's own.
  func requireOrganizationTags() throws(ServiceError) {
    var keys: Set<[UInt8]> = []
    for tag in self {
      guard !asciiLowercased(tag.key).utf8.starts(with: "aws:".utf8) else {
        throw .organizations(
          "InvalidInputException",
          "You specified a tag key that is a system tag. You can't add, edit, or delete system tag keys.",
          reason: "INVALID_SYSTEM_TAGS_PARAMETER"
        )
      }
      guard keys.insert(tag.key.utf8.map(\.self)).inserted else {
        throw .organizations(
          "InvalidInputException",
          "Tag keys must be unique among the tags attached to the same entity.",
          reason: "DUPLICATE_TAG_KEY"
        )
      }
    }
  }
}
