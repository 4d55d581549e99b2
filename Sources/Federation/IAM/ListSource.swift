// SPDX-License-Identifier: Apache-2.0
//
// Pages over several lists, one after the other, as one list. A marker names a list and the last entry that was given of
// it, so that it can never lead outside of these lists.

import IdentityModel
import TokenFormats

/// A list in the byte order of its keys.
struct ListSource<Item: Sendable>: Sendable {
  /// Up to `limit` items whose keys follow `after`, or from the start.
  let read:
    @Sendable (_ after: String?, _ limit: Int, _ house: House) async throws(ServiceError) -> [(
      key: String, item: Item
    )]

  /// The records of `type` below `prefix`, each made an item.
  static func records<Record: DirectoryRecord>(
    of type: Record.Type,
    prefix: String,
    _ item: @escaping @Sendable (Stored<Record>) -> Item
  ) -> ListSource {
    ListSource { after, limit, house async throws(ServiceError) in
      let found = try await house.read { directory in
        try await directory.records(type, prefix: prefix, after: after.map { prefix + $0 }, limit: limit)
      }
      return found.map { stored in
        (String(decoding: stored.key.id.utf8.dropFirst(prefix.utf8.count), as: UTF8.self), item(stored))
      }
    }
  }

  /// `entries`, which stand in the byte order of their keys.
  static func values(_ entries: [(key: String, item: Item)]) -> ListSource {
    ListSource { after, limit, _ in
      let rest = entries.drop { entry in
        after.map { !$0.utf8.lexicographicallyPrecedes(entry.key.utf8) } ?? false
      }
      return Array(rest.prefix(limit))
    }
  }
}

extension Paging {
  /// The items of the page of `sources`, and the marker of the next one when there is one.
  ///
  /// Throws ValidationError when the marker is not one of such a list.
  func page<Item>(
    of sources: [ListSource<Item>],
    _ house: House
  ) async throws(ServiceError) -> (items: [Item], marker: String?) {
    var (index, after) = try position(in: sources.count)
    var found: [(source: Int, key: String, item: Item)] = []
    while index < sources.count, found.count <= maxItems {
      for (key, item) in try await sources[index].read(after, maxItems + 1 - found.count, house) {
        found.append((index, key, item))
      }
      index += 1
      after = nil
    }
    guard found.count > maxItems else { return (found.map(\.item), nil) }
    let last = found[maxItems - 1]
    return (found.prefix(maxItems).map(\.item), Base64URL.encode(Array("\(last.source) \(last.key)".utf8)))
  }

  /// The source and the key that the marker names; the start without one.
  private func position(in sources: Int) throws(ServiceError) -> (index: Int, after: String?) {
    guard let marker else { return (0, nil) }
    guard let bytes = Base64URL.decode(marker), let text = String(validating: bytes, as: UTF8.self),
      let space = text.utf8.firstIndex(of: UInt8(ascii: " ")), let index = Int(text[..<space]),
      (0..<sources).contains(index)
    else { throw .validationError("Invalid Marker: \(marker)") }
    return (index, String(text[text.index(after: space)...]))
  }
}
