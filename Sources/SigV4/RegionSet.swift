// SPDX-License-Identifier: Apache-2.0
//
// The region set that takes the region's place under SigV4A. Source: AWS IAM User Guide, "AWS Signature Version 4A",
// X-Amz-Region-Set.

import IdentityModel

/// A comma-separated list of region names in which `*` stands for any run of characters.
struct RegionSet {
  private let patterns: [[UInt8]]

  /// Splits `text` at its commas; white space around a name does not count.
  init(_ text: String) {
    self.patterns = text.utf8.split(separator: UInt8(ascii: ",")).map { pattern in
      pattern.filter { !isWhiteSpace($0) }
    }
  }

  /// Whether one of the patterns matches the whole name.
  func covers(_ region: Region) -> Bool {
    let name = Array(region.description.utf8)
    return patterns.contains { RegionSet.matches($0, name) }
  }

  // Backtracks to the latest star only, which is enough for `*`: at most pattern × name steps.
  private static func matches(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
    var p = 0
    var n = 0
    var star: (pattern: Int, name: Int)?
    while n < name.count {
      if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
        star = (p, n)
        p += 1
      } else if p < pattern.count, pattern[p] == name[n] {
        p += 1
        n += 1
      } else if let latest = star {
        star = (latest.pattern, latest.name + 1)
        p = latest.pattern + 1
        n = latest.name + 1
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
