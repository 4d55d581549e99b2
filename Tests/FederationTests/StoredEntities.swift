// SPDX-License-Identifier: Apache-2.0
//
// Groups, roles and attachments written straight into the directory, as the actions that make them write them: with
// every precondition. For tests of what depends on them.

import Federation
import Foundation
import IdentityModel
import Testing

let trustOfNobody = #"""
  {"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}}
  """#

extension TestServer {
  /// Makes a group.
  func storedGroup(_ name: String, path: String = "/") async throws {
    let account = try #require(Self.account)
    let record = try made(
      GroupRecord.self,
      [
        "account": account, "path": path, "name": name, "createDate": clock.now,
        "uniqueID": Entropy.system.uniqueID(prefix: "AGPA"), "attachedPolicies": [String](),
      ]
    )
    try await commit(Change([try put(record, GroupRecord.id(account, name), .absent)]))
  }

  /// Makes a role that nobody may assume.
  func storedRole(_ name: String) async throws {
    let account = try #require(Self.account)
    let record = try made(
      RoleRecord.self,
      [
        "account": account, "path": "/", "name": name, "createDate": clock.now, "maxSessionDuration": 3600,
        "uniqueID": Entropy.system.uniqueID(prefix: "AROA"), "attachedPolicies": [String](),
        "assumeRolePolicyDocument": trustOfNobody, "trustedPrincipalIDs": [String: String](),
        "tags": [IdentityModel.Tag](),
      ]
    )
    try await commit(Change([try put(record, RoleRecord.id(account, name), .absent)]))
  }

  /// The change that attaches the policy `arn`, or makes it the boundary, of the identity as it is now.
  func attachment<Entity: IAMEntity>(
    of arn: String,
    to type: Entity.Type,
    _ name: String,
    as use: PolicyAttachmentRecord.Use = .policy
  ) async throws -> Change {
    let account = try #require(Self.account)
    let stored = try #require(try await house.directory.entity(type, name, of: account))
    var record = stored.record
    switch use {
    case .policy: record.attachedPolicies.append(arn)
    case .boundary:
      var bounded = try #require(record as? any BoundedEntity)
      bounded.permissionsBoundary = arn
      record = try #require(bounded as? Entity)
    }
    var change = Change([
      try put(record, stored.key.id, .revision(stored.revision)),
      try put(
        PolicyAttachmentRecord(record),
        PolicyAttachmentRecord.id(of: record, policy: arn, use),
        .absent
      ),
    ])
    if let policy = try await house.directory.managedPolicyRecord(arn) {
      change.writes.append(.require(policy.key, .revision(policy.revision)))
    }
    return change
  }

  /// Attaches the policy `arn`, or makes it the boundary.
  func attach<Entity: IAMEntity>(
    _ arn: String,
    to type: Entity.Type,
    _ name: String,
    as use: PolicyAttachmentRecord.Use = .policy
  ) async throws {
    try await commit(try await attachment(of: arn, to: type, name, as: use))
  }

  /// Makes a managed policy and returns its ARN.
  func managedPolicy(_ name: String, _ document: String) async throws -> String {
    let answer = await call("CreatePolicy", ["PolicyName": name, "PolicyDocument": document])
    #expect(answer.status == 200, "\(answer.text)")
    return try #require(answer["Arn"])
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
}

extension Answer {
  /// The contents of all elements `name`, in order.
  func all(_ name: String) -> [String] {
    text.components(separatedBy: "<\(name)>").dropFirst().compactMap { part in
      part.components(separatedBy: "</\(name)>").first
    }
  }
}

extension TestServer {
  /// Sends `action` with both sets of parameters.
  func call(
    _ action: String,
    adding first: KeyValuePairs<String, String>,
    to second: KeyValuePairs<String, String>,
    as keys: Keys = .root
  ) async -> Answer {
    var form = "Action=\(action)&Version=2010-05-08"
    for (name, value) in Array(first) + Array(second) {
      let value = value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
      form += "&\(name)=\(value)"
    }
    return await send(Array(form.utf8), to: .iam, as: keys)
  }

  /// Adds a version to the policy `arn`.
  func version(of arn: String, _ document: String, isDefault: Bool) async -> Answer {
    await call(
      "CreatePolicyVersion",
      ["PolicyArn": arn, "PolicyDocument": document, "SetAsDefault": isDefault ? "true" : "false"]
    )
  }
}
