// SPDX-License-Identifier: Apache-2.0
//
// An organization around the account of the test server: a root, a unit in it, a unit in that, and a member account below
// it, put straight into the store; policies are made through the API.

import Federation
import Foundation
import IdentityModel
import StoreSQLite
import Testing

/// The ids of the organization.
enum TestOrganization {
  static let id = "o-exampleorg"
  static let root = "r-ab12"
  static let unit = "ou-ab12-outer000"
  static let innerUnit = "ou-ab12-inner000"
  static let member = "444455556666"
  static let path = "o-exampleorg/r-ab12/ou-ab12-outer000/ou-ab12-inner000/"
  static let memberRoot = Keys(id: "AKIAMEMBERMEMBERMEMB", secret: "member-secret")

  /// A policy with one statement.
  static func policy(_ effect: String, _ action: String, _ more: String = "") -> String {
    #"{"Version":"2012-10-17","Statement":{"Effect":"\#(effect)","Action":\#(action),"Resource":"*"\#(more)}}"#
  }

  /// A resource control policy that denies `action`.
  static func rcp(_ action: String, _ more: String = "") -> String {
    policy("Deny", action, #","Principal":"*"\#(more)"#)
  }
}

extension TestServer {
  /// Runs `body` against a server whose account manages an organization, with both types of policy enabled.
  static func runOrganization(
    enabling types: [String] = ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"],
    _ body: (TestServer) async throws -> Void
  ) async throws {
    try await run { server in
      try await server.organize()
      for type in types {
        await server.organized(
          "EnablePolicyType",
          #"{"RootId":"\#(TestOrganization.root)","PolicyType":"\#(type)"}"#
        )
      }
      try await body(server)
    }
  }

  /// Makes the organization, and the member account with a root key and an issuer.
  func organize() async throws {
    let management = try #require(Self.account)
    let member = try #require(AccountID(TestOrganization.member))
    try await addAccount(member, TestOrganization.memberRoot, enablesFederation: true)
    let here = #""organizationID":"\#(TestOrganization.id)","managementAccount":"\#(management)","tags":[]"#
    let date = clock.now.milliseconds
    let records: [(RecordKind, String, String)] = [
      (
        OrganizationRecord.kind, TestOrganization.id,
        #"""
        {"organizationID":"\#(TestOrganization.id)","managementAccount":"\#(management)",
        "managementEmail":"m@example.com","featureSet":"ALL","rootID":"\#(TestOrganization.root)",
        "enabledPolicyTypes":[],"createDate":\#(date)}
        """#
      ),
      (
        OrganizationRootRecord.kind, TestOrganization.root,
        #"{"rootID":"\#(TestOrganization.root)",\#(here)}"#
      ),
      (
        OrganizationalUnitRecord.kind, TestOrganization.unit,
        #"""
        {"unitID":"\#(TestOrganization.unit)","parentID":"\#(TestOrganization.root)","name":"Outer",
        "createDate":\#(date),\#(here)}
        """#
      ),
      (
        OrganizationalUnitRecord.kind, TestOrganization.innerUnit,
        #"""
        {"unitID":"\#(TestOrganization.innerUnit)","parentID":"\#(TestOrganization.unit)","name":"Inner",
        "createDate":\#(date),\#(here)}
        """#
      ),
      account(management, below: TestOrganization.root, "INVITED", here),
      account(member, below: TestOrganization.innerUnit, "CREATED", here),
    ]
    for (kind, id, json) in records { try await seed(kind, [(id, json)]) }
    for account in [management, member] { try await join(account) }
  }

  private func account(
    _ account: AccountID,
    below parent: String,
    _ joined: String,
    _ here: String
  ) -> (RecordKind, String, String) {
    (
      OrganizationAccountRecord.kind, "\(TestOrganization.id)/\(account)",
      #"""
      {"account":"\#(account)","parentID":"\#(parent)","name":"n","email":"\#(account)@example.com",
      "joinedMethod":"\#(joined)","joinedDate":\#(clock.now.milliseconds),"status":"ACTIVE",\#(here)}
      """#
    )
  }

  private func join(_ account: AccountID) async throws {
    let key = RecordKey(AccountRecord.kind, account.description)
    let old = try #require(try await store.record(at: key))
    let body = String(decoding: old.body, as: UTF8.self)
    let joined = #"{"organizationID":"\#(TestOrganization.id)",\#(body.dropFirst())"#
    try await commit(
      Change([.put(key, account: account, body: Array(joined.utf8), .revision(old.revision))]),
      of: account
    )
  }

  /// Calls Organizations, and expects success.
  @discardableResult
  func organized(
    _ action: String,
    _ json: String,
    as keys: Keys = .root,
    _ location: SourceLocation = #_sourceLocation
  ) async -> Answer {
    let answer = await call(.organizations, action, json: json, as: keys)
    #expect(answer.status == 200, "\(answer.text)", sourceLocation: location)
    return answer
  }

  /// Calls Organizations, and expects this exception, with this reason when it has one.
  func refusedByOrganizations(
    _ action: String,
    _ json: String,
    as keys: Keys = .root,
    _ code: String,
    reason: String? = nil,
    _ location: SourceLocation = #_sourceLocation
  ) async {
    let answer = await call(.organizations, action, json: json, as: keys)
    #expect(answer.status == 400, "\(answer.text)", sourceLocation: location)
    #expect(answer.member("__type") == code, "\(answer.text)", sourceLocation: location)
    #expect(answer.member("Reason") == reason, "\(answer.text)", sourceLocation: location)
  }

  /// Makes a policy and answers its id.
  func organizationPolicy(
    _ name: String,
    _ content: String,
    _ type: String = "SERVICE_CONTROL_POLICY"
  ) async throws -> String {
    let answer = await organized("CreatePolicy", createPolicyBody(name, content, type))
    return try #require(answer.text.firstMatch(of: /"Id":"(p-[0-9a-zA-Z_]+)"/)).output.1.description
  }

  /// Makes a policy and attaches it; answers its id.
  @discardableResult
  func bind(
    _ target: String,
    _ content: String,
    _ type: String = "SERVICE_CONTROL_POLICY"
  ) async throws -> String {
    let id = try await organizationPolicy("p-\(target)-\(content.utf8.count)-\(type)", content, type)
    await organized("AttachPolicy", attachment(id, target))
    return id
  }
}

/// The body of CreatePolicy.
func createPolicyBody(_ name: String, _ content: String, _ type: String = "SERVICE_CONTROL_POLICY") -> String
{
  #"{"Name":\#(quoted(name)),"Description":"d","Type":"\#(type)","Content":\#(quoted(content))}"#
}

/// The body of AttachPolicy and DetachPolicy.
func attachment(_ policy: String, _ target: String) -> String {
  #"{"PolicyId":"\#(policy)","TargetId":"\#(target)"}"#
}

/// `text` as a string of JSON.
func quoted(_ text: String) -> String {
  (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? ""
}
