// SPDX-License-Identifier: Apache-2.0
//
// Policies while the organization around them changes, everything through the API: accounts move and leave, units and the
// organization go, and changes come between a decision and its record.

import Federation
import IdentityModel
import StoreSQLite
import Testing

private let denyTokens = TestOrganization.policy("Deny", #""sts:GetWebIdentityToken""#)

/// An organization that was made through the API.
private struct LivingOrganization {
  let server: TestServer
  let root: String
  let unit: String
  let account: String
  let admin: Keys

  init(_ server: TestServer) async throws {
    self.server = server
    await server.organized("CreateOrganization", #"{"FeatureSet":"ALL"}"#)
    root = try await server.found(/"Id":"(r-[0-9a-z]+)"/, "ListRoots", "{}")
    await server.organized(
      "EnablePolicyType",
      #"{"RootId":"\#(root)","PolicyType":"SERVICE_CONTROL_POLICY"}"#
    )
    unit = try await server.found(
      /"Id":"(ou-[0-9a-z-]+)"/,
      "CreateOrganizationalUnit",
      #"{"ParentId":"\#(root)","Name":"Unit"}"#
    )
    account = try await server.found(
      /"AccountId":"([0-9]{12})"/,
      "CreateAccount",
      #"{"Email":"dev@example.com","AccountName":"Dev"}"#
    )
    admin = try await server.user("admin", policy: allowsAll)
  }

  /// A session of the account's own role, with federation enabled.
  func member() async throws -> Keys {
    let role = "arn:aws:iam::\(account):role/OrganizationAccountAccessRole"
    let session = try await server.assume(role, as: admin)
    await server.done("EnableOutboundWebIdentityFederation", as: session)
    return session
  }

  func move(to parent: String, from other: String) async {
    await server.organized(
      "MoveAccount",
      #"{"AccountId":"\#(account)","SourceParentId":"\#(other)","DestinationParentId":"\#(parent)"}"#
    )
  }
}

extension TestServer {
  /// The first match in the answer of an action of Organizations.
  fileprivate func found(
    _ pattern: Regex<(Substring, Substring)>,
    _ action: String,
    _ json: String
  ) async throws -> String {
    let answer = await organized(action, json)
    return String(try #require(answer.text.firstMatch(of: pattern)).output.1)
  }

  /// How many records of `kind` there are.
  fileprivate func count(_ kind: RecordKind) async throws -> Int {
    try await store.records(of: kind, prefix: "", after: nil, limit: 1000).count
  }
}

@Suite struct OrganizationLifeTests {
  @Test func `an account that is moved is bound by where it is`() async throws {
    try await TestServer.run { server in
      let organization = try await LivingOrganization(server)
      let member = try await organization.member()
      try await server.bind(organization.unit, denyTokens)
      #expect(await server.token(as: member).status == 200)
      await organization.move(to: organization.unit, from: organization.root)
      #expect(await server.token(as: member).code == "AccessDenied")
      await organization.move(to: organization.root, from: organization.unit)
      #expect(await server.token(as: member).status == 200)
    }
  }

  @Test func `an account that leaves takes no policy with it and leaves no attachment`() async throws {
    try await TestServer.run { server in
      let organization = try await LivingOrganization(server)
      let member = try await organization.member()
      let id = try await server.bind(organization.account, denyTokens)
      #expect(await server.token(as: member).code == "AccessDenied")
      await server.organized("RemoveAccountFromOrganization", #"{"AccountId":"\#(organization.account)"}"#)
      #expect(await server.token(as: member).status == 200)
      await server.organized("DeletePolicy", #"{"PolicyId":"\#(id)"}"#)
      #expect(try await server.count(OrganizationTargetRecord.kind) == 0)
      #expect(try await server.count(OrganizationAttachmentRecord.kind) == 0)
    }
  }

  @Test func `a unit and an organization that go leave no policies behind`() async throws {
    try await TestServer.run { server in
      let organization = try await LivingOrganization(server)
      let ofUnit = try await server.bind(organization.unit, denyTokens)
      try await server.bind(organization.root, TestOrganization.policy("Deny", #""iam:*""#))
      await server.organized(
        "DeleteOrganizationalUnit",
        #"{"OrganizationalUnitId":"\#(organization.unit)"}"#
      )
      await server.organized("DeletePolicy", #"{"PolicyId":"\#(ofUnit)"}"#)
      await server.organized("RemoveAccountFromOrganization", #"{"AccountId":"\#(organization.account)"}"#)
      await server.organized("DeleteOrganization", "{}")
      for kind in [
        OrganizationPolicyRecord.kind, OrganizationPolicyNameRecord.kind, OrganizationTargetRecord.kind,
        OrganizationAttachmentRecord.kind,
      ] {
        #expect(try await server.count(kind) == 0, "\(kind)")
      }
      await server.organized("CreateOrganization", "{}")
    }
  }

  @Test func `a policy has tags`() async throws {
    try await TestServer.run { server in
      _ = try await LivingOrganization(server)
      let id = try await server.found(
        /"Id":"(p-[0-9a-z]+)"/,
        "CreatePolicy",
        createPolicyBody("p", denyTokens).dropLast() + #","Tags":[{"Key":"team","Value":"core"}]}"#
      )
      let resource = #""ResourceId":"\#(id)""#
      await server.organized("TagResource", #"{\#(resource),"Tags":[{"Key":"cost","Value":"1"}]}"#)
      await server.organized("UntagResource", #"{\#(resource),"TagKeys":["team"]}"#)
      #expect(
        await server.organized("ListTagsForResource", "{\(resource)}").text
          == #"{"Tags":[{"Key":"cost","Value":"1"}]}"#
      )
      await server.refusedByOrganizations(
        "CreatePolicy",
        createPolicyBody("q", denyTokens).dropLast()
          + #","Tags":[{"Key":"a","Value":"1"},{"Key":"A","Value":"2"}]}"#,
        "InvalidInputException",
        reason: "DUPLICATE_TAG_KEY"
      )
    }
  }

  @Test func `no token goes on record after the policy that overtook it`() async throws {
    try await TestServer.run { server in
      let organization = try await LivingOrganization(server)
      let member = try await organization.member()
      let id = try await server.organizationPolicy("late", denyTokens)
      server.sink.interfereOnce {
        await server.organized("AttachPolicy", attachment(id, organization.root))
      }
      #expect(await server.token(as: member).code == "AccessDenied")
      let records = try await server.records()
      let attached = try #require(records.firstIndex { $0.contains(#""eventName":"AttachPolicy""#) })
      #expect(!records[attached...].contains { $0.contains("webIdentityTokenId") })
    }
  }

  @Test func `no session goes on record after the resource control policy that overtook it`() async throws {
    try await TestServer.run { server in
      let organization = try await LivingOrganization(server)
      await server.organized(
        "EnablePolicyType",
        #"{"RootId":"\#(organization.root)","PolicyType":"RESOURCE_CONTROL_POLICY"}"#
      )
      let rcp = TestOrganization.rcp(#""sts:AssumeRole""#)
      let id = try await server.organizationPolicy("late", rcp, "RESOURCE_CONTROL_POLICY")
      server.sink.interfereOnce {
        await server.organized("AttachPolicy", attachment(id, organization.account))
      }
      let answer = await server.call(
        "AssumeRole",
        [
          "RoleArn": "arn:aws:iam::\(organization.account):role/OrganizationAccountAccessRole",
          "RoleSessionName": "s1",
        ],
        as: organization.admin
      )
      #expect(answer.code == "AccessDenied")
    }
  }

  @Test func `a policy that is deleted meanwhile is attached to nothing`() async throws {
    try await TestServer.run { server in
      let organization = try await LivingOrganization(server)
      let id = try await server.organizationPolicy("short", denyTokens)
      server.sink.interfereOnce {
        await server.organized("DeletePolicy", #"{"PolicyId":"\#(id)"}"#)
      }
      await server.refusedByOrganizations(
        "AttachPolicy",
        attachment(id, organization.root),
        "PolicyNotFoundException"
      )
      #expect(try await server.count(OrganizationTargetRecord.kind) == 0)
      // And the other way round.
      let other = try await server.organizationPolicy("kept", denyTokens)
      server.sink.interfereOnce {
        await server.organized("AttachPolicy", attachment(other, organization.root))
      }
      await server.refusedByOrganizations(
        "DeletePolicy",
        #"{"PolicyId":"\#(other)"}"#,
        "PolicyInUseException"
      )
    }
  }

  @Test func `an account is closed, and its tokens end with it`() async throws {
    try await TestServer.run { server in
      let organization = try await LivingOrganization(server)
      let member = try await organization.member()
      #expect(await server.token(as: member).status == 200)
      await server.organized("CloseAccount", #"{"AccountId":"\#(organization.account)"}"#)
      #expect(await server.token(as: member).code == "InvalidClientTokenId")
    }
  }
}
