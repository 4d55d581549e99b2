// SPDX-License-Identifier: Apache-2.0
//
// The pages of AWS Organizations: `MaxResults` and `NextToken` in, `NextToken` out. A token holds the name of the last
// entry that was given, below whatever the action lists, so that it can never lead elsewhere.

import AWSProtocols
import IdentityModel
import TokenFormats

/// Which page of a list is asked for.
struct OrganizationsPaging: Sendable {
  let maxResults: Int
  private let token: String?

  /// Reads `MaxResults` (1–20, default 20) and `NextToken`.
  init(_ parameters: inout ParameterReader) {
    maxResults = parameters.optionalInteger("MaxResults", 1...20) ?? 20
    token = parameters.optionalString("NextToken", length: 0...100_000)
  }

  /// The name of the last entry of the page before; throws InvalidInputException when the token holds none.
  func after() throws(ServiceError) -> String? {
    guard let token, !token.isEmpty else { return nil }
    guard token.utf8.count <= 2048, let bytes = Base64URL.decode(token),
      let name = String(validating: bytes, as: UTF8.self)
    else {
      throw .organizations(
        "InvalidInputException",
        "You specified an invalid value for nextToken. You must get the value from the response to a previous call.",
        reason: "INVALID_NEXT_TOKEN"
      )
    }
    return name
  }

  /// The first page of `entries`, which begin after `after()` and are one more than a page when there is another; with
  /// the token of the next one.
  func page<Entry>(
    _ entries: [Entry],
    named name: (Entry) -> String
  ) -> (entries: [Entry], token: ResponseValue?) {
    guard entries.count > maxResults else { return (entries, nil) }
    return (
      Array(entries.prefix(maxResults)),
      .string(Base64URL.encode(Array(name(entries[maxResults - 1]).utf8)))
    )
  }
}
