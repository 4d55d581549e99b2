// SPDX-License-Identifier: Apache-2.0
//
// What tenants do not learn: the texts of their organization's policies, and which addresses other organizations gave.

import Federation
import IdentityModel
import StoreSQLite
import StrictJSON
import Testing

private let memberRoot = TestOrganization.memberRoot
private let secret =
  #","Condition":{"StringEquals":{"aws:PrincipalTag/hidden-key":"hidden-value","aws:PrincipalAccount":"hidden"}}"#

extension TestServer {
  /// A user of the member account who may do everything from one network.
  fileprivate func memberUser() async throws -> Keys {
    await done("CreateUser", ["UserName": "dev"], as: memberRoot)
    await done(
      "PutUserPolicy",
      [
        "UserName": "dev", "PolicyName": "p",
        "PolicyDocument":
          #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},"#
          + #"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"v"}}}]}"#,
      ],
      as: memberRoot
    )
    let answer = await done("CreateAccessKey", ["UserName": "dev"], as: memberRoot)
    return Keys(id: try #require(answer["AccessKeyId"]), secret: try #require(answer["SecretAccessKey"]))
  }
}

@Suite struct OrganizationSecrecyTests {
  @Test func `a member's record names the statements of its organization, and nothing that they say`()
    async throws
  {
    try await TestServer.runOrganization { server in
      let user = try await server.memberUser()
      let allow = try await server.bind(
        TestOrganization.unit,
        TestOrganization.policy("Allow", #""*""#, secret)
      )
      await server.organized("DetachPolicy", attachment("p-FullAWSAccess", TestOrganization.unit))
      try await server.bind(
        TestOrganization.root,
        TestOrganization.rcp(#""sts:*""#, secret),
        "RESOURCE_CONTROL_POLICY"
      )
      #expect(await server.token(as: user).code == "AccessDenied")
      let text = try #require(try await server.records().last)
      let data = try JSONReader.read(Array(text.utf8)).object?["additionalEventData"]
      let expected = try JSONReader.read(
        Array(
          #"""
          {"policyDecision":{"action":"sts:GetWebIdentityToken","resource":"arn:aws:sts::444455556666:self",
          "decision":"implicitDeny","policyType":"serviceControl","organizationLevel":"\#(TestOrganization.unit)",
          "unmatchedStatements":[
          {"policyType":"serviceControl","policy":"\#(allow)","statement":0,"effect":"Allow","reason":"condition"},
          {"policyType":"identity","policy":"user_dev_p","statement":1,"effect":"Deny","reason":"condition",
          "operator":"StringEquals","key":"aws:SourceVpc","policyValues":["v"]}],
          "missingContextKeys":["aws:SourceVpc"]}}
          """#.utf8
        )
      )
      #expect(data == expected, "\(text)")
    }
  }

  @Test func `the simulator tells a member which policy denies, and nothing that it says`() async throws {
    try await TestServer.runOrganization { server in
      _ = try await server.memberUser()
      let arn = "arn:aws:iam::444455556666:user/dev"
      let quiet = try await server.bind(
        TestOrganization.root,
        TestOrganization.policy("Deny", #""*""#, secret)
      )
      let open = await server.simulatePrincipal(arn, as: memberRoot)
      #expect(open["EvalDecision"] == "allowed")
      #expect(open.simulationMembers("MissingContextValues") == ["aws:SourceVpc"])
      #expect(!open.text.contains("hidden") && !open.text.contains(quiet))
      let deny = try await server.bind(TestOrganization.unit, TestOrganization.policy("Deny", #""sts:*""#))
      let denied = await server.simulatePrincipal(arn, as: memberRoot)
      let statements = denied.simulationMembers("MatchedStatements")
      #expect(statements.count == 2)
      let named = try #require(statements.first { $0.contains(deny) })
      #expect(named.contains("Service Control Policy") && !named.contains("Position"))
      #expect(try #require(statements.first { !$0.contains(deny) }).contains("StartPosition"))
    }
  }

  @Test func `an address that another organization gave is as free as any`() async throws {
    try await TestServer.run { server in
      _ = try await server.newOrganization()
      _ = try await server.newAccount("dev")
      let neighbour = try #require(AccountID("210987654321"))
      let root = Keys(id: "AKIANEIGHBOURROOT000", secret: "neighbour-secret")
      try await server.addAccount(neighbour, root, enablesFederation: false)
      await server.arranged("CreateOrganization", as: root)
      let body = #"{"AccountName":"dev","Email":"dev@example.test"}"#
      let answers = [
        await server.arranged("CreateAccount", body, as: root),
        await server.arranged("CreateAccount", body, as: root),
      ]
      #expect(answers.map { $0.jsonMember("State") } == ["SUCCEEDED", "FAILED"])
    }
  }

  @Test func `the management account has a record of a member that the operator closes`() async throws {
    try await TestServer.runOrganization { server in
      let member = try #require(AccountID(TestOrganization.member))
      try await OperatorAccounts.close(member, house: server.house, now: server.clock.now)
      let records = try await server.records().filter { $0.contains(#""eventName":"CloseAccount""#) }
        .compactMap { try JSONReader.read(Array($0.utf8)).object }
      #expect(
        Set(records.map { $0["recipientAccountId"]?.string })
          == [TestOrganization.member, TestServer.account?.description]
      )
      #expect(Set(records.map { $0["eventID"]?.string }).count == 2)
      let shared = Set(records.map { $0["sharedEventID"]?.string })
      #expect(shared.count == 1 && shared != [nil])
      #expect(records.allSatisfy { $0["userIdentity"]?.object?["type"]?.string == "Operator" })
      // An account without an organization is nobody else's business.
      let alone = try #require(AccountID("210987654321"))
      try await server.addAccount(
        alone,
        Keys(id: "AKIANEIGHBOURROOT000", secret: "neighbour-secret"),
        enablesFederation: false
      )
      let before = try await server.records().count
      try await OperatorAccounts.close(alone, house: server.house, now: server.clock.now)
      #expect(try await server.records().count == before + 1)
    }
  }
}
