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
    let after = try after().map { prefix + $0 }
    let found = try await house.read { directory in
      try await directory.records(type, prefix: prefix, after: after, limit: maxItems + 1)
    }
    guard found.count > maxItems else { return (found, nil) }
    let last = found[maxItems - 1].key.id.utf8.dropFirst(prefix.utf8.count)
    return (Array(found.prefix(maxItems)), Base64URL.encode(Array(last)))
  }

  /// The page of `elements`, which stand in the byte order of their names, and the marker of the next one when there is
  /// one.
  func page<Element>(
    of elements: [Element],
    named name: (Element) -> String
  ) throws(ServiceError) -> (elements: [Element], marker: String?) {
    let after = try after()
    let found = elements.filter { element in
      after.map { $0.utf8.lexicographicallyPrecedes(name(element).utf8) } ?? true
    }
    guard found.count > maxItems else { return (found, nil) }
    return (Array(found.prefix(maxItems)), Base64URL.encode(Array(name(found[maxItems - 1]).utf8)))
  }

  /// The name of the last entry of the page before; throws ValidationError when the marker holds none.
  private func after() throws(ServiceError) -> String? {
    guard let marker else { return nil }
    guard let bytes = Base64URL.decode(marker), let name = String(validating: bytes, as: UTF8.self) else {
      throw .validationError("Invalid Marker: \(marker)")
    }
    return name
  }
}
