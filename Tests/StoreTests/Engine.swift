// SPDX-License-Identifier: Apache-2.0
//
// The engines that the store contract runs on, and what the tests put into a store.

import AuditTrail
import Federation
import Foundation
import IdentityModel
import StoreSQLite

/// Everything that the house asks of a store.
typealias Store = AuditLogReader & AuditSink & RecordReader & RecordWriter & Sendable

/// A storage engine under the contract.
enum Engine: CaseIterable, Sendable {
  case sqliteInMemory
  case sqliteFile

  /// Runs `body` with an empty store of its own.
  func withStore<Value>(_ body: (any Store) async throws -> Value) async throws -> Value {
    switch self {
    case .sqliteInMemory:
      let store = try SQLiteStore.inMemory()
      return try await store.running { try await body(store) }
    case .sqliteFile:
      return try await withFolder { folder in
        let path = folder + "/store.sqlite"
        try SQLiteStore.create(at: path)
        let store = try SQLiteStore.open(at: path)
        return try await store.running { try await body(store) }
      }
    }
  }
}

/// Runs `body` with the path of a new folder, and removes it.
func withFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("exeat-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try await body(folder.path)
}

/// Runs `body` with the path of a new store.
func withStoreFile<Value>(_ body: (String) async throws -> Value) async throws -> Value {
  try await withFolder { folder in
    let path = folder + "/store.sqlite"
    try SQLiteStore.create(at: path)
    return try await body(path)
  }
}

// MARK: - What is stored

let kind = RecordKind("User")

func account(_ text: String = "123456789012") throws -> AccountID {
  guard let account = AccountID(text) else { throw UnusableFixture(text: text) }
  return account
}

struct UnusableFixture: Error {
  let text: String
}

func key(_ id: String) -> RecordKey {
  RecordKey(kind, id)
}

func json(_ text: String) -> [UInt8] {
  Array(text.utf8)
}

func put(
  _ id: String,
  _ body: String = "{}",
  _ precondition: Precondition = .absent
) throws -> Change.Write {
  .put(key(id), account: try account(), body: json(body), precondition)
}

func change(_ writes: Change.Write...) -> Change {
  Change(writes)
}

/// A record with `eventID`, which `eventIDs(in:)` finds again.
func event(
  _ eventID: String = UUID().uuidString,
  name: String = "CreateUser",
  account: String = "123456789012",
  copies: [AuditRecord] = []
) -> AuditRecord {
  AuditRecord(
    eventTime: Instant(seconds: 1_776_757_030),
    userIdentity: .init(
      type: "Root",
      principalID: "123456789012",
      arn: "arn:aws:iam::123456789012:root",
      accountID: AccountID("123456789012"),
      accessKeyID: nil,
      userName: nil
    ),
    eventSource: "iam.amazonaws.com",
    eventName: name,
    awsRegion: "us-east-1",
    sourceIPAddress: "192.0.2.1",
    userAgent: nil,
    requestParameters: nil,
    outcome: .succeeded(responseElements: nil),
    requestID: "r",
    eventID: eventID,
    readOnly: false,
    recipientAccountID: AccountID(account),
    tlsVersion: nil,
    tlsCipherSuite: nil,
    clientProvidedHostHeader: nil,
    copies: copies
  )
}

/// The event ids in the log, in order; reads in pages and insists on 1, 2, 3 ….
func eventIDs(in log: any AuditLogReader) async throws -> [String] {
  struct Event: Decodable {
    let eventID: String
  }
  var found: [String] = []
  while true {
    let page = try await log.entries(after: Int64(found.count), limit: 500)
    if page.isEmpty { break }
    for entry in page {
      guard entry.sequence == Int64(found.count) + 1 else {
        throw UnusableFixture(text: "gap at \(entry.sequence)")
      }
      found.append(try JSONDecoder().decode(Event.self, from: Data(entry.json)).eventID)
    }
  }
  return found
}
