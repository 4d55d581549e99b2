// SPDX-License-Identifier: Apache-2.0
//
// Records put straight into the store, as the IAM actions write them: where the action that makes them is not what a
// test is about, or makes only one at a time.

import AuditTrail
import Federation
import Foundation
import IdentityModel
import StoreSQLite
import StrictJSON
import Testing

extension TestServer {
  /// Stores the role `name` in place of one that has the name, with an inline policy, and answers its ARN.
  @discardableResult
  func storeRole(
    _ name: String,
    trust: String = trustsAccount,
    policy: String? = allowsAll,
    path: String = "/",
    uniqueID: String = "AROAAAAAAAAAAAAAAROLE",
    maxSessionDuration: Int64 = 3600,
    tags: [(String, String)] = [],
    boundary: String? = nil,
    trusted: [(String, String)] = [],
    account: AccountID? = TestServer.account
  ) async throws -> String {
    let account = try #require(account)
    var role: [JSONObject.Member] = [
      .init("account", .string(account.description)), .init("path", .string(path)),
      .init("name", .string(name)), .init("uniqueID", .string(uniqueID)),
      .init("createDate", .number(JSONNumber(clock.now.milliseconds))),
      .init("maxSessionDuration", .number(JSONNumber(maxSessionDuration))),
      .init("assumeRolePolicyDocument", .string(trust)), .init("attachedPolicies", .array([])),
      .init(
        "trustedPrincipalIDs",
        .object(JSONObject(trusted.map { .init($0.0, .string($0.1)) }))
      ),
      .init(
        "tags",
        .array(
          tags.map { .object(JSONObject([.init("key", .string($0.0)), .init("value", .string($0.1))])) }
        )
      ),
    ]
    if let boundary { role.append(.init("permissionsBoundary", .string(boundary))) }
    var writes = [try await put(RoleRecord.key(account, name), role, account)]
    let home = RecordKey(AccountRecord.kind, account.description)
    if try await store.record(at: home) == nil {
      writes.append(
        try await put(
          home,
          [
            .init("account", .string(account.description)),
            .init("createDate", .number(JSONNumber(clock.now.milliseconds))),
          ],
          account
        )
      )
    }
    if let policy {
      let id = InlinePolicyRecord.prefix(.role, account, name) + "p"
      writes.append(
        try await put(
          RecordKey(InlinePolicyRecord.kind, id),
          [.init("policyName", .string("p")), .init("policyDocument", .string(policy))],
          account
        )
      )
    }
    try await commit(Change(writes), of: account)
    return "arn:aws:iam::\(account):role\(path)\(name)"
  }

  /// Removes the role `name`, its policy too.
  func removeRole(_ name: String) async throws {
    let account = try #require(TestServer.account)
    let id = InlinePolicyRecord.prefix(.role, account, name) + "p"
    try await commit(
      Change([
        try await delete(RoleRecord.key(account, name)),
        try await delete(RecordKey(InlinePolicyRecord.kind, id)),
      ]),
      of: account
    )
  }

  /// Stores the managed policy `name` and answers its ARN.
  func storePolicy(
    _ name: String,
    path: String = "/",
    _ document: String,
    account: AccountID? = TestServer.account
  ) async throws -> String {
    let account = try #require(account)
    let created = JSONValue.number(JSONNumber(clock.now.milliseconds))
    let one = JSONValue.number(JSONNumber(1))
    let policy: [JSONObject.Member] = [
      .init("account", .string(account.description)), .init("path", .string(path)),
      .init("policyName", .string(name)), .init("policyID", .string("ANPAAAAAAAAAAAAPOLICY")),
      .init("createDate", created), .init("updateDate", created), .init("defaultVersion", one),
      .init("latestVersion", one), .init("tags", .array([])),
    ]
    let version: [JSONObject.Member] = [
      .init("number", one), .init("policyDocument", .string(document)), .init("createDate", created),
    ]
    let versionID = PolicyVersionRecord.id(account, name, 1)
    try await commit(
      Change([
        try await put(
          RecordKey(ManagedPolicyRecord.kind, ManagedPolicyRecord.id(account, name)),
          policy,
          account
        ),
        try await put(RecordKey(PolicyVersionRecord.kind, versionID), version, account),
      ]),
      of: account
    )
    return "arn:aws:iam::\(account):policy\(path)\(name)"
  }

  /// Removes the managed policy `name`.
  func removePolicy(_ name: String) async throws {
    let account = try #require(TestServer.account)
    try await commit(
      Change([
        try await delete(RecordKey(ManagedPolicyRecord.kind, ManagedPolicyRecord.id(account, name))),
        try await delete(
          RecordKey(PolicyVersionRecord.kind, PolicyVersionRecord.id(account, name, 1))
        ),
      ]),
      of: account
    )
  }

  private func put(
    _ key: RecordKey,
    _ members: [JSONObject.Member],
    _ account: AccountID
  ) async throws -> Change.Write {
    var writer = JSONWriter()
    writer.value(.object(JSONObject(members)))
    let old = try await store.record(at: key)
    return .put(
      key,
      account: account,
      body: writer.bytes,
      old.map { .revision($0.revision) } ?? .absent
    )
  }

  private func delete(_ key: RecordKey) async throws -> Change.Write {
    .delete(key, revision: try #require(try await store.record(at: key)).revision)
  }

  /// Makes records of `kind`: ids and JSON.
  func seed(_ kind: RecordKind, _ records: [(id: String, json: String)]) async throws {
    let account = try #require(TestServer.account)
    try await commit(
      Change(
        records.map { .put(RecordKey(kind, $0.id), account: account, body: Array($0.json.utf8), .absent) }
      )
    )
  }

  /// A record with these fields, as the store would give it.
  func made<Record: DirectoryRecord>(
    _ type: Record.Type,
    _ fields: [String: any Encodable]
  ) throws -> Record {
    let members = try fields.map { name, value in
      "\"\(name)\":" + String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }
    return try JSONDecoder().decode(type, from: Data("{\(members.joined(separator: ","))}".utf8))
  }

  /// The write of `record`.
  func put<Record: DirectoryRecord>(
    _ record: Record,
    _ id: String,
    _ precondition: Precondition
  ) throws -> Change.Write {
    .put(
      RecordKey(Record.kind, id),
      account: try #require(Self.account),
      body: Array(try JSONEncoder().encode(record)),
      precondition
    )
  }

  /// Carries out `change` as nobody in particular.
  func commit(_ change: Change, of account: AccountID? = TestServer.account) async throws {
    let account = try #require(account)
    try await house.directory.commit(
      change,
      of: account,
      recording: AuditRecord(operatorEvent: "Seed", account: account, now: clock.now, entropy: .system)
    )
  }
}
