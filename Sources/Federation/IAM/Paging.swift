// SPDX-License-Identifier: Apache-2.0
//
// IAM's pages: `MaxItems` and `Marker` in, `IsTruncated` and `Marker` out. A marker names the last entry that was
// given, below the prefix of the list, so that it can never lead into another account or user.

import AWSProtocols
import IdentityModel
import TokenFormats

/// Which page of a list is asked for.
struct Paging: Sendable {
  let maxItems: Int
  let marker: String?

  /// Reads `Marker` and `MaxItems` (1–1000, default 100).
  init(_ parameters: inout ParameterReader) {
    marker = parameters.optionalString("Marker", length: 1...2048, pattern: .marker)
    maxItems = parameters.optionalInteger("MaxItems", 1...1000) ?? 100
  }

  /// The records of the page, and the marker of the next one when there is one.
  func page<Record: DirectoryRecord>(
    of type: Record.Type,
    prefix: String,
    _ house: House
  ) async throws(ServiceError) -> (records: [Stored<Record>], marker: String?) {
    let after = try decodedMarker().map { prefix + $0 }
    let found = try await house.read { directory in
      try await directory.records(type, prefix: prefix, after: after, limit: maxItems + 1)
    }
    guard found.count > maxItems else { return (found, nil) }
    let last = found[maxItems - 1].key.id.utf8.dropFirst(prefix.utf8.count)
    return (Array(found.prefix(maxItems)), Base64URL.encode(Array(last)))
  }

  /// The elements of the page in the byte order of their ids, which differ, and the marker of the next one when there is
  /// one.
  func page<Element>(
    of elements: [Element],
    by id: (Element) -> String
  ) throws(ServiceError) -> (elements: [Element], marker: String?) {
    let after = try decodedMarker().map { Array($0.utf8) } ?? []
    let found =
      elements.map { (id: Array(id($0).utf8), element: $0) }
      .filter { after.lexicographicallyPrecedes($0.id) }
      .sorted { $0.id.lexicographicallyPrecedes($1.id) }
    guard found.count > maxItems else { return (found.map(\.element), nil) }
    return (found.prefix(maxItems).map(\.element), Base64URL.encode(found[maxItems - 1].id))
  }

  private func decodedMarker() throws(ServiceError) -> String? {
    guard let marker else { return nil }
    guard let bytes = Base64URL.decode(marker), let name = String(validating: bytes, as: UTF8.self) else {
      throw .validationError("Invalid Marker: \(marker)")
    }
    return name
  }
}
