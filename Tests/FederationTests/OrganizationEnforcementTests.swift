// SPDX-License-Identifier: Apache-2.0
//
// What the policies of an organization do to calls: whom they bind, at which level, from which request on, in which words,
// and what stays untold.

import Federation
import IdentityModel
import StoreSQLite
import StrictJSON
import Testing

private let memberSelf = "arn:aws:sts::444455556666:self"
private let denyTokens = TestOrganization.policy("Deny", #""sts:GetWebIdentityToken""#)
private let memberRoot = TestOrganization.memberRoot
private let rcpType = "RESOURCE_CONTROL_POLICY"

extension TestServer {
  /// A user of the member account that may do everything.
  fileprivate func memberUser(_ name: String = "dev") async throws -> Keys {
    await done("CreateUser", ["UserName": name], as: memberRoot)
    await done(
      "PutUserPolicy",
      ["UserName": name, "PolicyName": "p", "PolicyDocument": allowsAll],
      as: memberRoot
    )
    let answer = await done("CreateAccessKey", ["UserName": name], as: memberRoot)
    return Keys(id: try #require(answer["AccessKeyId"]), secret: try #require(answer["SecretAccessKey"]))
  }

  /// A role of the member account that trusts `principal` and may do everything.
  fileprivate func memberRole(_ name: String, trusting principal: String) async throws -> String {
    try await storeRole(
      name,
      trust: #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"\#(principal)"},"#
        + #""Action":"sts:AssumeRole"}}"#,
      account: AccountID(TestOrganization.member)
    )
  }

  /// Why the last call of `action` was refused.
  fileprivate func decision(of action: String) async throws -> JSONObject {
    let mark = #""eventName":"\#(action)""#
    let text = try #require(try await records().last { $0.contains(mark) && $0.contains("policyDecision") })
    let data = try JSONReader.read(Array(text.utf8)).object?["additionalEventData"]?.object
    return try #require(data?["policyDecision"]?.object)
  }
}

@Suite struct OrganizationEnforcementTests {
  @Test(arguments: [
    TestOrganization.root, TestOrganization.unit, TestOrganization.innerUnit, TestOrganization.member,
  ])
  func `a Deny at any level binds users, sessions and the root of a member, and not the management account`(
    level: String
  ) async throws {
    try await TestServer.runOrganization { server in
      let user = try await server.memberUser()
      let role = try await server.memberRole("app", trusting: TestOrganization.member)
      let session = try await server.assume(role, as: user)
      for keys in [user, session, memberRoot] { #expect(await server.token(as: keys).status == 200) }
      let id = try await server.bind(level, denyTokens)
      // From the next request on.
      for (keys, name) in [
        (user, "arn:aws:iam::444455556666:user/dev"),
        (session, "arn:aws:sts::444455556666:assumed-role/app/session"),
        (memberRoot, "arn:aws:iam::444455556666:root"),
      ] {
        let answer = await server.token(as: keys)
        #expect(answer.code == "AccessDenied")
        #expect(
          answer["Message"]
            == "User: \(name) is not authorized to perform: sts:GetWebIdentityToken on resource: \(memberSelf) "
            + "with an explicit deny in a service control policy"
        )
      }
      let decision = try await server.decision(of: "GetWebIdentityToken")
      #expect(decision["organizationLevel"] == .string(level))
      #expect(decision["policy"] == .string(id))
      #expect(await server.token().status == 200)
      // Nobody needs permission to learn who they are.
      #expect(await server.call("GetCallerIdentity", as: memberRoot).status == 200)
      await server.organized("DetachPolicy", attachment(id, level))
      for keys in [user, session, memberRoot] { #expect(await server.token(as: keys).status == 200) }
    }
  }

  @Test func `every level must allow`() async throws {
    try await TestServer.runOrganization { server in
      let user = try await server.memberUser()
      let tokens = TestOrganization.policy("Allow", #"["sts:*","iam:Get*"]"#)
      let id = try await server.bind(TestOrganization.unit, tokens)
      await server.organized("DetachPolicy", attachment("p-FullAWSAccess", TestOrganization.unit))
      #expect(await server.token(as: user).status == 200)
      let answer = await server.call("ListUsers", as: user)
      #expect(
        answer["Message"]
          == "User: arn:aws:iam::444455556666:user/dev is not authorized to perform: iam:ListUsers on resource: "
          + "arn:aws:iam::444455556666:user/ because no service control policy allows the iam:ListUsers action"
      )
      let decision = try await server.decision(of: "ListUsers")
      #expect(decision["decision"] == .string("implicitDeny"))
      #expect(decision["organizationLevel"] == .string(TestOrganization.unit))
      // The root of a member is bound as well, although it needs no policy of its own account.
      #expect(await server.call("ListUsers", as: memberRoot).code == "AccessDenied")
      // What a level below allows does not come back.
      _ = try await server.bind(TestOrganization.member, TestOrganization.policy("Allow", #""iam:*""#))
      #expect(await server.call("ListUsers", as: user).code == "AccessDenied")
      // A new document of the same policy counts from the next request on.
      await server.organized(
        "UpdatePolicy",
        #"{"PolicyId":"\#(id)","Content":\#(quoted(TestOrganization.policy("Allow", #""iam:*""#)))}"#
      )
      #expect(await server.call("ListUsers", as: user).status == 200)
      #expect(await server.token(as: user).code == "AccessDenied")
    }
  }

  @Test func `a policy of the organization gives nothing`() async throws {
    try await TestServer.runOrganization { server in
      await server.done("CreateUser", ["UserName": "bare"], as: memberRoot)
      let answer = await server.done("CreateAccessKey", ["UserName": "bare"], as: memberRoot)
      let bare = Keys(
        id: try #require(answer["AccessKeyId"]),
        secret: try #require(answer["SecretAccessKey"])
      )
      try await server.bind(
        TestOrganization.root,
        TestOrganization.policy(
          "Deny",
          #""sts:*""#,
          #","Condition":{"NumericGreaterThan":{"sts:DurationSeconds":"900"}}"#
        )
      )
      let refusal = try #require(await server.token(as: bare)["Message"])
      #expect(refusal.hasSuffix("because no identity-based policy allows the sts:GetWebIdentityToken action"))
      // What the organization denies to others explains nothing here.
      let decision = try await server.decision(of: "GetWebIdentityToken")
      #expect(decision["unmatchedStatements"] == nil && decision["organizationLevel"] == nil)
    }
  }

  @Test func `a resource control policy binds the resources of members, whoever calls`() async throws {
    try await TestServer.runOrganization { server in
      let user = try await server.memberUser()
      let admin = try await server.user("admin", policy: allowsAll)
      let role = try await server.memberRole("app", trusting: "123456789012")
      #expect(await server.token(as: user).status == 200)
      _ = try await server.assume(role, as: admin)
      let tokens = try await server.bind(
        TestOrganization.root,
        TestOrganization.rcp(
          #""sts:GetWebIdentityToken""#,
          #","Condition":{"NumericGreaterThan":{"sts:DurationSeconds":"200"}}"#
        ),
        rcpType
      )
      let answer = await server.token(as: user)
      #expect(
        answer["Message"]
          == "User: arn:aws:iam::444455556666:user/dev is not authorized to perform: sts:GetWebIdentityToken on "
          + "resource: \(memberSelf) with an explicit deny in a resource control policy"
      )
      #expect(try await server.decision(of: "GetWebIdentityToken")["organizationLevel"] == .string("r-ab12"))
      #expect(
        await server.call(
          "GetWebIdentityToken",
          ["Audience.member.1": "a", "SigningAlgorithm": "ES384", "DurationSeconds": "200"],
          as: user
        ).status == 200
      )
      // The management account's own resources are not bound.
      #expect(await server.token().status == 200)
      #expect(await server.token(as: admin).status == 200)
      await server.organized("DetachPolicy", attachment(tokens, TestOrganization.root))

      // From another account: the same words as for a role that trusts nobody, and nothing of the policy on record.
      let identity = try await server.bind(
        TestOrganization.innerUnit,
        TestOrganization.rcp(#""sts:AssumeRole""#),
        rcpType
      )
      let refused = await server.call("AssumeRole", ["RoleArn": role, "RoleSessionName": "s1"], as: admin)
      #expect(refused.code == "AccessDenied")
      let absent = "arn:aws:iam::444455556666:role/absent"
      let other = await server.call("AssumeRole", ["RoleArn": absent, "RoleSessionName": "s1"], as: admin)
      #expect(refused["Message"] == other["Message"]?.replacing(absent, with: role))
      let records = try await server.records()
      #expect(records.allSatisfy { !($0.contains(identity) && $0.contains("additionalEventData")) })
    }
  }

  @Test func `an identity perimeter keeps strangers out of roles, and lets the organization in`() async throws
  {
    try await TestServer.runOrganization { server in
      let stranger = try #require(AccountID("999988887777"))
      let keys = Keys(id: "AKIASTRANGERSTRANGER", secret: "stranger-secret")
      try await server.addAccount(stranger, keys, enablesFederation: false)
      await server.done("CreateUser", ["UserName": "eve"], as: keys)
      await server.done(
        "PutUserPolicy",
        ["UserName": "eve", "PolicyName": "p", "PolicyDocument": allowsAll],
        as: keys
      )
      let key = await server.done("CreateAccessKey", ["UserName": "eve"], as: keys)
      let eve = Keys(id: try #require(key["AccessKeyId"]), secret: try #require(key["SecretAccessKey"]))
      let admin = try await server.user("admin", policy: allowsAll)
      let open = try await server.memberRole("open", trusting: "999988887777")
      let inner = try await server.memberRole("inner", trusting: "123456789012")
      _ = try await server.assume(open, as: eve)
      try await server.bind(
        TestOrganization.root,
        TestOrganization.rcp(
          #""sts:AssumeRole""#,
          #","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-exampleorg"}}"#
        ),
        rcpType
      )
      let refused = await server.call("AssumeRole", ["RoleArn": open, "RoleSessionName": "s1"], as: eve)
      #expect(refused.code == "AccessDenied")
      _ = try await server.assume(inner, as: admin)
    }
  }

  @Test func `whom an identity provider vouches for is bound by the role's account`() async throws {
    try await TestServer.runOrganization { server in
      let member = AccountID(TestOrganization.member)
      let key = try await server.registerProvider(account: member)
      let provider = "arn:aws:iam::444455556666:oidc-provider/\(TestServer.cluster)"
      let role = try await server.storeRole("app", trust: providerTrust(provider: provider), account: member)
      let token = try await server.providerToken(key)
      #expect(await server.assumeWithToken(role, token).status == 200)
      let denial = #""sts:AssumeRoleWithWebIdentity""#
      let others = try await server.bind(
        TestOrganization.root,
        TestOrganization.rcp(
          denial,
          #","Condition":{"StringNotEquals":{"aws:ResourceOrgID":"\#(TestOrganization.id)"}}"#
        ),
        rcpType
      )
      #expect(await server.assumeWithToken(role, token).status == 200)
      await server.organized("DetachPolicy", attachment(others, TestOrganization.root))
      try await server.bind(TestOrganization.innerUnit, TestOrganization.rcp(denial), rcpType)
      let answer = await server.assumeWithToken(role, token)
      #expect(answer.status == 403)
      #expect(answer["Message"] == "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    }
  }

  @Test func `tokens say where the account stands, and policies can ask`() async throws {
    try await TestServer.runOrganization { server in
      let token = try #require(await server.token(as: memberRoot)["WebIdentityToken"])
      let claims = try #require(try payloadOfToken(token)["https://sts.amazonaws.com/"]?.object)
      #expect(claims["org_id"] == .string(TestOrganization.id))
      #expect(claims["ou_path"] == .array([.string(TestOrganization.path)]))
      #expect(
        claims.members.map(\.name) == ["aws_account", "source_region", "principal_id", "org_id", "ou_path"]
      )
      let management = try #require(await server.token()["WebIdentityToken"])
      let own = try #require(try payloadOfToken(management)["https://sts.amazonaws.com/"]?.object)
      #expect(own["ou_path"] == .array([.string("o-exampleorg/r-ab12/")]))

      await server.done("CreateUser", ["UserName": "cond"], as: memberRoot)
      let made = await server.done("CreateAccessKey", ["UserName": "cond"], as: memberRoot)
      let user = Keys(id: try #require(made["AccessKeyId"]), secret: try #require(made["SecretAccessKey"]))
      for (condition, isAllowed) in [
        (#""StringEquals":{"aws:PrincipalOrgID":"o-exampleorg","aws:ResourceOrgID":"o-exampleorg"}"#, true),
        (#""StringEquals":{"aws:PrincipalOrgID":"o-another"}"#, false),
        (
          #""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-exampleorg/r-ab12/ou-ab12-outer000/*"}"#,
          true
        ),
        (#""ForAnyValue:StringEquals":{"aws:ResourceOrgPaths":"\#(TestOrganization.path)"}"#, true),
        (#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-exampleorg/r-ab12/ou-ab12-other*"}"#, false),
      ] {
        await server.done(
          "PutUserPolicy",
          [
            "UserName": "cond", "PolicyName": "p",
            "PolicyDocument": TestOrganization.policy(
              "Allow",
              #""sts:GetWebIdentityToken""#,
              #","Condition":{\#(condition)}"#
            ),
          ],
          as: memberRoot
        )
        #expect(await server.token(as: user).status == (isAllowed ? 200 : 403), "\(condition)")
      }
    }
  }

  @Test func `outside an organization nothing says that there is one`() async throws {
    try await TestServer.run { server in
      let token = try #require(await server.token()["WebIdentityToken"])
      let claims = try #require(try payloadOfToken(token)["https://sts.amazonaws.com/"]?.object)
      #expect(claims["org_id"] == nil && claims["ou_path"] == nil)
      let user = try await server.user(
        "u",
        policy: TestOrganization.policy(
          "Allow",
          #""*""#,
          #","Condition":{"Null":{"aws:PrincipalOrgID":"true","aws:ResourceOrgID":"true"}}"#
        )
      )
      #expect(await server.token(as: user).status == 200)
    }
  }

  @Test func `the simulator knows the organization`() async throws {
    try await TestServer.runOrganization { server in
      _ = try await server.memberUser()
      let arn = "arn:aws:iam::444455556666:user/dev"
      let before = await server.simulatePrincipal(arn, as: memberRoot)
      #expect(before["EvalDecision"] == "allowed")
      #expect(before["AllowedByOrganizations"] == "true")
      // What allows at every level is no statement of the account's.
      #expect(before.simulationMembers("MatchedStatements").count == 1)
      try await server.bind(TestOrganization.unit, denyTokens)
      let after = await server.simulatePrincipal(arn, as: memberRoot)
      #expect(after["EvalDecision"] == "explicitDeny")
      #expect(after["AllowedByOrganizations"] == "false")
      // Documents by themselves belong to no account.
      let custom = await server.call(
        "SimulateCustomPolicy",
        form: [("PolicyInputList.member.1", allowsAll), ("ActionNames.member.1", "sts:GetWebIdentityToken")],
        as: memberRoot
      )
      #expect(custom["EvalDecision"] == "allowed" && custom["AllowedByOrganizations"] == "true")
    }
  }

  @Test func `a closed account's keys, sessions and roles are nobody's`() async throws {
    try await TestServer.runOrganization { server in
      let user = try await server.memberUser()
      let admin = try await server.user("admin", policy: allowsAll)
      let role = try await server.memberRole("app", trusting: "123456789012")
      let session = try await server.assume(role, as: admin)
      let key = RecordKey(AccountRecord.kind, TestOrganization.member)
      let old = try #require(try await server.store.record(at: key))
      let body = #"{"closeDate":1,"# + String(decoding: old.body, as: UTF8.self).dropFirst()
      let account = try #require(AccountID(TestOrganization.member))
      try await server.commit(
        Change([.put(key, account: account, body: Array(body.utf8), .revision(old.revision))]),
        of: account
      )
      for keys in [user, session, memberRoot] {
        #expect(await server.token(as: keys).code == "InvalidClientTokenId")
        #expect(await server.call("GetCallerIdentity", as: keys).code == "InvalidClientTokenId")
      }
      let answer = await server.call("AssumeRole", ["RoleArn": role, "RoleSessionName": "s1"], as: admin)
      #expect(answer.code == "AccessDenied")
    }
  }

  @Test(.enabled(if: sharedVectors("iam-policies-aws-rcp") != nil, "the corpora are not beside the checkout"))
  func `AWS's sample for outbound federation does what it says`() async throws {
    let files = try sharedJSONFiles("iam-policies-aws-rcp")
    let sample = try #require(files.first { $0.path.hasSuffix("IAM-Restrict-outbound-federation.json") })
    try await TestServer.runOrganization { server in
      let text = sample.text.replacing("<YOUR_SIGNING_ALGORITHM>", with: "ES384")
      try await server.bind(TestOrganization.root, text, rcpType)
      func status(_ algorithm: String, _ audiences: [String], _ seconds: String) async -> Int {
        var form = [("SigningAlgorithm", algorithm), ("DurationSeconds", seconds)]
        for (index, audience) in audiences.enumerated() {
          form.append(("Audience.member.\(index + 1)", audience))
        }
        return await server.call("GetWebIdentityToken", form: form, as: memberRoot).status
      }
      let one = "https://api1.example.com"
      let two = "https://api2.example.com"
      #expect(await status("ES384", [one, two], "300") == 200)
      #expect(await status("ES384", [two], "60") == 200)
      #expect(await status("RS256", [one], "300") == 403)
      #expect(await status("ES384", [one, "https://elsewhere.example"], "300") == 403)
      #expect(await status("ES384", [one], "301") == 403)
    }
  }
}
