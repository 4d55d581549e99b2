// SPDX-License-Identifier: Apache-2.0
//
// How a typed record becomes bytes and comes back. The bytes are our own: JSON with sorted names, written here and
// nowhere else. Knows no kind of record.

import FoundationEssentials
package import IdentityModel

/// A record with a type: one struct, one kind.
///
/// A released field never changes its name or meaning; a new one is optional.
package protocol DirectoryRecord: Codable, Hashable, Sendable {
  /// The kind under which records of this type stand.
  static var kind: RecordKind { get }
}

/// A typed record as it was read, with the revision that a write may insist on.
package struct Stored<Record: DirectoryRecord>: Hashable, Sendable {
  /// The content.
  package let record: Record
  /// Where it stands.
  package let key: RecordKey
  /// The revision that was read.
  package let revision: Int64
}

extension Stored {
  /// The condition that the record still has the revision that was read.
  var isUnchanged: Change.Write { .require(key, .revision(revision)) }
}

extension StoredRecord {
  /// The record with its type; throws `corrupted` when the bytes are not what this type wrote.
  func decoded<Record: DirectoryRecord>(as type: Record.Type) throws(StoreError) -> Stored<Record> {
    guard let record = HouseJSON.decode(type, from: body) else {
      throw .corrupted("\(key.kind.name) `\(key.id)`")
    }
    return Stored(record: record, key: key, revision: revision)
  }
}

extension DirectoryRecord {
  /// The bytes to store.
  func encoded() throws(StoreError) -> [UInt8] {
    guard let bytes = HouseJSON.encode(self) else { throw .corrupted("\(Self.kind.name) does not encode") }
    return bytes
  }
}

/// JSON between the house and itself: what it stores, and what it seals.
///
/// Never for a stranger's text.
enum HouseJSON {
  /// The bytes of `value`, with sorted names.
  static func encode(_ value: some Encodable) -> [UInt8]? {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try? Array(encoder.encode(value))
  }

  /// The value that `encode` wrote.
  static func decode<Value: Decodable>(_ type: Value.Type, from bytes: some Sequence<UInt8>) -> Value? {
    try? JSONDecoder().decode(type, from: Data(bytes))
  }
}

extension Change {
  /// Adds the creation of `record` at `id`, which must not exist.
  mutating func create<Record: DirectoryRecord>(
    _ record: Record,
    id: String,
    account: AccountID
  ) throws(StoreError) {
    writes.append(.put(RecordKey(Record.kind, id), account: account, body: try record.encoded(), .absent))
  }

  /// Adds the replacement of `stored` by `record`; `stored` must still have the revision that was read.
  mutating func replace<Record: DirectoryRecord>(
    _ stored: Stored<Record>,
    with record: Record,
    account: AccountID
  ) throws(StoreError) {
    writes.append(
      .put(stored.key, account: account, body: try record.encoded(), .revision(stored.revision))
    )
  }

  /// Adds the removal of `stored`, which must still have the revision that was read.
  mutating func delete<Record: DirectoryRecord>(_ stored: Stored<Record>) {
    writes.append(.delete(stored.key, revision: stored.revision))
  }

}

/// Octets in a record, written as base64.
package struct Octets: Codable, Hashable, Sendable {
  /// The octets.
  package let bytes: [UInt8]

  /// Wraps `bytes`.
  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let data = Data(base64Encoded: text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "not base64")
      )
    }
    self.bytes = Array(data)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Data(bytes).base64EncodedString())
  }
}

// MARK: - Words in records

extension Instant: Codable {
  package init(from decoder: any Decoder) throws {
    self.init(milliseconds: try decoder.singleValueContainer().decode(Int64.self))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(milliseconds)
  }
}

extension AccountID: Codable {
  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let account = AccountID(text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "not an account id")
      )
    }
    self = account
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension Tag: Codable {
  private enum CodingKeys: String, CodingKey {
    case key
    case value
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      key: try container.decode(String.self, forKey: .key),
      value: try container.decode(String.self, forKey: .value)
    )
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(key, forKey: .key)
    try container.encode(value, forKey: .value)
  }
}
