// SPDX-License-Identifier: Apache-2.0
//
// The Amazon Resource Name: six parts between colons.

/// An Amazon Resource Name.
///
/// Shape: `arn:partition:service:region:account:resource`; the resource may hold further colons and slashes.
/// Compared by its UTF-8 bytes: no case folding, no Unicode normalisation.
/// Source: AWS General Reference, Amazon Resource Names.
package struct ARN: Sendable, CustomStringConvertible {
  /// The ARN as it is written.
  package let description: String

  /// Joins the six parts.
  ///
  /// The parts hold no colon, except `resource`.
  package init(
    partition: String = "aws",
    service: String,
    region: String = "",
    account: AccountID,
    resource: String
  ) {
    self.description = "arn:\(partition):\(service):\(region):\(account):\(resource)"
  }

  /// Takes a text with the prefix `arn:` and at least five colons; `nil` for anything else.
  package init?(_ text: some StringProtocol) {
    guard text.utf8.starts(with: "arn:".utf8), text.utf8.count(where: { $0 == UInt8(ascii: ":") }) >= 5 else {
      return nil
    }
    self.description = String(text)
  }

  /// The six parts, in order: `arn`, partition, service, region, account, resource.
  package var parts: [Substring] {
    description.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
  }
}

extension ARN: Hashable {
  package static func == (left: ARN, right: ARN) -> Bool {
    left.description.utf8.elementsEqual(right.description.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    for byte in description.utf8 { hasher.combine(byte) }
  }
}
