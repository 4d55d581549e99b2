// SPDX-License-Identifier: Apache-2.0
//
// Records put straight into the store, where the action that makes them is not what a test is about.

import AuditTrail
import Federation
import IdentityModel
import Testing

let trustOfNobody = #"""
  {"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}}
  """#

extension TestServer {
  /// Carries out `change` as nobody in particular.
  func commit(_ change: Change) async throws {
    let account = try #require(TestServer.account)
    try await house.directory.commit(
      change,
      of: account,
      recording: AuditRecord(
        operatorEvent: "Seed",
        parameters: [:],
        account: account,
        now: clock.now,
        entropy: house.entropy
      )
    )
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

  /// Makes the role `name`, which nobody may assume.
  func seedRole(_ name: String) async throws {
    let account = try #require(TestServer.account)
    let trust = trustOfNobody.replacing("\"", with: "\\\"")
    let json = """
      {"account":"\(account)","path":"/","name":"\(name)","uniqueID":"AROA\(name)","createDate":1800000000000,
      "maxSessionDuration":3600,"assumeRolePolicyDocument":"\(trust)","trustedPrincipalIDs":{},"tags":[],
      "attachedPolicies":[]}
      """
    try await seed(RoleRecord.kind, [(RoleRecord.id(account, name), json)])
  }

  /// Makes the customer-managed policy `name` below `path`, with one version; its ARN.
  func seedPolicy(_ name: String, path: String = "/", _ document: String) async throws -> String {
    let account = try #require(TestServer.account)
    let policy = """
      {"account":"\(account)","path":"\(path)","policyName":"\(name)","policyID":"ANPA\(name)",
      "createDate":1800000000000,"updateDate":1800000000000,"defaultVersion":1,"latestVersion":1,"tags":[]}
      """
    let text = document.replacing("\"", with: "\\\"").replacing("\n", with: " ")
    let version = """
      {"number":1,"policyDocument":"\(text)","createDate":1800000000000}
      """
    try await seed(ManagedPolicyRecord.kind, [(ManagedPolicyRecord.id(account, name), policy)])
    try await seed(PolicyVersionRecord.kind, [(PolicyVersionRecord.id(account, name, 1), version)])
    return "arn:aws:iam::\(account):policy\(path)\(name)"
  }

  /// Calls, and expects success.
  @discardableResult
  func done(
    _ action: String,
    _ parameters: KeyValuePairs<String, String> = [:],
    as keys: Keys = .root,
    _ location: SourceLocation = #_sourceLocation
  ) async -> Answer {
    let answer = await call(action, parameters, as: keys)
    #expect(answer.status == 200, "\(answer.text)", sourceLocation: location)
    return answer
  }

  /// Calls, and expects this refusal.
  func refused(
    _ action: String,
    _ parameters: KeyValuePairs<String, String> = [:],
    as keys: Keys = .root,
    _ status: Int,
    _ code: String,
    _ message: String,
    _ location: SourceLocation = #_sourceLocation
  ) async {
    let answer = await call(action, parameters, as: keys)
    #expect(answer.status == status, sourceLocation: location)
    #expect(answer.code == code, sourceLocation: location)
    #expect(answer["Message"] == message, sourceLocation: location)
  }
}

/// Policy documents of tests.
enum Documents {
  static func document(_ effect: String, _ action: String, _ resource: String = "*") -> String {
    """
    {"Version":"2012-10-17","Statement":[{"Effect":"\(effect)","Action":"\(action)","Resource":"\(resource)"}]}
    """
  }

  static let allowAll = document("Allow", "*")
  static let denyAll = document("Deny", "*")
  static let allowTokens = document("Allow", "sts:GetWebIdentityToken")
  static let denyTokens = document("Deny", "sts:GetWebIdentityToken")
}
