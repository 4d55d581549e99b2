// SPDX-License-Identifier: Apache-2.0
//
// Roles and managed policies put straight into the store, as the IAM actions write them: tests of sessions depend on
// the records alone.

import AuditTrail
import Federation
import IdentityModel
import StoreSQLite
import StrictJSON
import Testing

/// A trust policy that leaves it to the identity policies of the account.
let trustsAccount = """
  {"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},
  "Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}}
  """

/// A policy that allows everything.
let allowsAll = #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#

/// A policy that allows `action` on everything.
func allows(_ action: String) -> String {
  #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"\#(action)","Resource":"*"}}"#
}

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
    try await write(writes, account)
    return "arn:aws:iam::\(account):role\(path)\(name)"
  }

  /// Removes the role `name`, its policy too.
  func removeRole(_ name: String) async throws {
    let account = try #require(TestServer.account)
    let id = InlinePolicyRecord.prefix(.role, account, name) + "p"
    try await write(
      [
        try await delete(RoleRecord.key(account, name)),
        try await delete(RecordKey(InlinePolicyRecord.kind, id)),
      ],
      account
    )
  }

  /// Stores the managed policy `name` and answers its ARN.
  func storePolicy(_ name: String, _ document: String, account: AccountID? = TestServer.account)
    async throws -> String
  {
    let account = try #require(account)
    let created = JSONValue.number(JSONNumber(clock.now.milliseconds))
    let one = JSONValue.number(JSONNumber(1))
    let policy: [JSONObject.Member] = [
      .init("account", .string(account.description)), .init("path", .string("/")),
      .init("policyName", .string(name)), .init("policyID", .string("ANPAAAAAAAAAAAAPOLICY")),
      .init("createDate", created), .init("updateDate", created), .init("defaultVersion", one),
      .init("latestVersion", one), .init("tags", .array([])),
    ]
    let version: [JSONObject.Member] = [
      .init("number", one), .init("policyDocument", .string(document)), .init("createDate", created),
    ]
    let versionID = PolicyVersionRecord.id(account, name, 1)
    try await write(
      [
        try await put(
          RecordKey(ManagedPolicyRecord.kind, ManagedPolicyRecord.id(account, name)),
          policy,
          account
        ),
        try await put(RecordKey(PolicyVersionRecord.kind, versionID), version, account),
      ],
      account
    )
    return "arn:aws:iam::\(account):policy/\(name)"
  }

  /// Removes the managed policy `name`.
  func removePolicy(_ name: String) async throws {
    let account = try #require(TestServer.account)
    try await write(
      [
        try await delete(RecordKey(ManagedPolicyRecord.kind, ManagedPolicyRecord.id(account, name))),
        try await delete(
          RecordKey(PolicyVersionRecord.kind, PolicyVersionRecord.id(account, name, 1))
        ),
      ],
      account
    )
  }

  /// Assumes `role`, which must succeed.
  func assume(_ role: String, as keys: Keys, session: String = "session") async throws -> Keys {
    let answer = await call("AssumeRole", ["RoleArn": role, "RoleSessionName": session], as: keys)
    #expect(answer.status == 200, "\(answer.text)")
    return try #require(answer.credentials)
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

  private func write(_ writes: [Change.Write], _ account: AccountID) async throws {
    try await house.directory.commit(
      Change(writes),
      of: account,
      recording: AuditRecord(
        operatorEvent: "PrepareTest",
        account: account,
        now: clock.now,
        entropy: .system
      )
    )
  }
}
