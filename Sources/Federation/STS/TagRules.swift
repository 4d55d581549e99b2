// SPDX-License-Identifier: Apache-2.0
//
// The rule of tag lists that needs the whole list: no key twice. Source: contract §1.4.

import IdentityModel

extension [Tag] {
  /// Throws InvalidParameterValue when two keys differ in nothing but the case of ASCII letters.
  func requireDistinctKeys() throws(ServiceError) {
    var seen: Set<[UInt8]> = []
    for tag in self where !seen.insert(tag.key.utf8.map(asciiLowercase)).inserted {
      throw .invalidParameterValue(
        "Duplicate tag keys found. Please note that Tag keys are case insensitive."
      )
    }
  }
}
