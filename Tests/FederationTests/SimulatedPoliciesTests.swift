// SPDX-License-Identifier: Apache-2.0
//
// Whose policies a simulation takes: the principal's, its groups' and its boundary, those that come as inputs, and the
// policy of the resource.

import Federation
import IdentityModel
import Testing

private let account = "123456789012"
private let neighbour = "210987654321"

@Suite struct SimulatedPoliciesTests {
  // MARK: - Boundaries

  @Test func `a boundary that is silent limits, and an input takes its place`() async throws {
    try await TestServer.run { server in
      let boundary = try await server.storePolicy("limit", allows("iam:*"))
      _ = try await server.user("alice", policy: allowsAll)
      let alice = "arn:aws:iam::\(account):user/alice"
      #expect(await server.simulatePrincipal(alice)["PermissionsBoundaryDecisionDetail"] == nil)
      await server.done("PutUserPermissionsBoundary", ["UserName": "alice", "PermissionsBoundary": boundary])
      let silent = await server.simulatePrincipal(alice)
      #expect(silent.all("EvalDecision") == ["implicitDeny"])
      #expect(silent.all("AllowedByPermissionsBoundary") == ["false", "false"])
      #expect(silent.all("SourcePolicyId") == ["user_alice_p", "user_alice_p"])
      let replaced = await server.simulatePrincipal(
        alice,
        [("PermissionsBoundaryPolicyInputList.member.1", allowsAll)]
      )
      #expect(replaced["EvalDecision"] == "allowed" && replaced["AllowedByPermissionsBoundary"] == "true")
      let types = replaced.all("SourcePolicyType")
      #expect(
        types == ["IAM Policy", "Permissions Boundary Policy", "IAM Policy", "Permissions Boundary Policy"]
      )
      let denied = await server.simulatePrincipal(
        alice,
        [("PermissionsBoundaryPolicyInputList.member.1", Documents.denyTokens)]
      )
      #expect(denied["EvalDecision"] == "explicitDeny" && denied["AllowedByPermissionsBoundary"] == "false")
    }
  }

  // MARK: - Whose policies

  @Test func `a user has its groups' policies, a group has its own, inputs come on top`() async throws {
    try await TestServer.run { server in
      _ = try await server.user("alice")
      let alice = "arn:aws:iam::\(account):user/alice"
      #expect(await server.simulatePrincipal(alice)["EvalDecision"] == "implicitDeny")
      await server.crew(Documents.allowTokens, "alice")
      for arn in [alice, "arn:aws:iam::\(account):group/crew"] {
        let allowed = await server.simulatePrincipal(arn)
        #expect(allowed["EvalDecision"] == "allowed" && allowed["SourcePolicyId"] == "group_crew_g")
        let denied = await server.simulatePrincipal(arn, [("PolicyInputList.member.1", Documents.denyTokens)])
        #expect(denied["EvalDecision"] == "explicitDeny")
        #expect(denied.all("SourcePolicyId").prefix(2) == ["group_crew_g", "PolicyInputList.1"])
      }
    }
  }

  @Test func `a managed policy goes by its name, with the place in its version in force`() async throws {
    try await TestServer.run { server in
      let arn = await server.done(
        "CreatePolicy",
        ["PolicyName": "m", "Path": "/p/", "PolicyDocument": Documents.denyAll]
      )["Arn"]
      let policy = try #require(arn)
      await server.role("r", path: "/q/")
      await server.done("AttachRolePolicy", ["RoleName": "r", "PolicyArn": policy])
      let role = "arn:aws:iam::\(account):role/q/r"
      #expect(await server.simulatePrincipal(role)["EvalDecision"] == "explicitDeny")
      await server.done(
        "CreatePolicyVersion",
        ["PolicyArn": policy, "PolicyDocument": "\n\(Documents.allowTokens)", "SetAsDefault": "true"]
      )
      let answer = await server.simulatePrincipal(role)
      #expect(answer["EvalDecision"] == "allowed" && answer["SourcePolicyId"] == "m")
      #expect(answer.positions("StartPosition") == ["2:39", "2:39"])
    }
  }

  @Test func `the principal's keys are those of its calls`() async throws {
    try await TestServer.run { server in
      let mine = #"""
        {"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{
        "StringEquals":{"aws:PrincipalTag/Team":"blue","aws:PrincipalType":"NAME-TYPE",
        "aws:PrincipalAccount":"123456789012"},"ArnEquals":{"aws:PrincipalArn":"NAME-ARN"}}}}
        """#
      await server.done(
        "CreateUser",
        ["UserName": "alice", "Path": "/p/", "Tags.member.1.Key": "Team", "Tags.member.1.Value": "blue"]
      )
      let alice = "arn:aws:iam::\(account):user/p/alice"
      try await server.storeRole("r", policy: nil, tags: [("Team", "blue")])
      let role = "arn:aws:iam::\(account):role/r"
      for (arn, type) in [(alice, "User"), (role, "AssumedRole")] {
        let policy = mine.replacing("NAME-TYPE", with: type).replacing("NAME-ARN", with: arn)
        let input = [("PolicyInputList.member.1", policy)]
        #expect(await server.simulatePrincipal(arn, input)["EvalDecision"] == "allowed")
        // A request may say otherwise.
        let other = await server.simulatePrincipal(
          arn,
          input + contextEntry(1, "aws:PrincipalTag/Team", ["red"])
        )
        #expect(other["EvalDecision"] == "implicitDeny")
      }
      // A group is nobody: what only a caller has is missing.
      await server.done("CreateGroup", ["GroupName": "crew"])
      let group = await server.simulatePrincipal(
        "arn:aws:iam::\(account):group/crew",
        [("PolicyInputList.member.1", mine.replacing("NAME-ARN", with: alice))]
      )
      #expect(
        group.simulationMembers("MissingContextValues") == [
          "aws:PrincipalTag/Team", "aws:PrincipalType", "aws:PrincipalArn",
        ]
      )
    }
  }

  @Test func `a caller by name has the keys that its name tells`() async throws {
    try await TestServer.run { server in
      let policy = allowing("ArnEquals", "aws:PrincipalArn", #""arn:aws:iam::\#(neighbour):role/r""#)
      // Their own resource: no policy of it is needed.
      let owner = [("ResourceOwner", neighbour)]
      // Of a session it is the ARN of its role.
      for caller in ["arn:aws:sts::\(neighbour):assumed-role/r/s1", "arn:aws:iam::\(neighbour):role/r"] {
        #expect(await server.simulate(policy, owner + [("CallerArn", caller)])["EvalDecision"] == "allowed")
      }
      let named = allowing("StringEquals", "aws:username", #""bob""#)
      let caller = "arn:aws:iam::\(neighbour):user/p/bob"
      #expect(await server.simulate(named, owner + [("CallerArn", caller)])["EvalDecision"] == "allowed")
      let other = "arn:aws:iam::\(neighbour):user/p/eve"
      #expect(await server.simulate(named, owner + [("CallerArn", other)])["EvalDecision"] == "implicitDeny")
    }
  }

  @Test func `a user that is named as its own caller keeps its keys`() async throws {
    try await TestServer.run { server in
      let tagged: KeyValuePairs = [
        "UserName": "alice", "Tags.member.1.Key": "Team", "Tags.member.1.Value": "blue",
      ]
      await server.done("CreateUser", tagged)
      let alice = "arn:aws:iam::\(account):user/alice"
      let policy = allowing("StringEquals", "aws:PrincipalTag/Team", #""blue""#)
      let input = [("PolicyInputList.member.1", policy)]
      #expect(
        await server.simulatePrincipal(alice, input + [("CallerArn", alice)])["EvalDecision"] == "allowed"
      )
      let other = await server.simulatePrincipal(
        alice,
        input + [("CallerArn", "arn:aws:iam::\(account):user/bob")]
      )
      #expect(other["EvalDecision"] == "implicitDeny")
      #expect(other.simulationMembers("MissingContextValues") == ["aws:PrincipalTag/Team"])
    }
  }

  // MARK: - The policy of the resource

  @Test func `across accounts both sides must allow, and each is told`() async throws {
    try await TestServer.run { server in
      func policy(_ effect: String, _ principal: String) -> String {
        #"{"Version":"2012-10-17","Statement":{"Effect":"\#(effect)","Principal":\#(principal),"Action":"s3:*","#
          + #""Resource":"arn:aws:s3:::b/*"}}"#
      }
      let caller = "arn:aws:iam::\(account):user/alice"
      let everyone = policy("Allow", #"{"AWS":"\#(account)"}"#)
      let form = [
        ("ActionNames.member.1", "s3:GetObject"), ("ResourceArns.member.1", "arn:aws:s3:::b/x"),
        ("CallerArn", caller), ("ResourceOwner", "arn:aws:iam::\(neighbour):root"),
      ]
      let both = await server.simulate(allowsAll, form + [("ResourcePolicy", everyone)])
      #expect(both["EvalDecision"] == "allowed")
      #expect(both.decisionDetails == ["IAM Policy=allowed", "Resource Policy=allowed"])
      #expect(both.all("SourcePolicyType").prefix(2) == ["Resource Policy", "IAM Policy"])
      let silent = await server.simulate(allows("iam:*"), form + [("ResourcePolicy", everyone)])
      #expect(silent["EvalDecision"] == "implicitDeny")
      #expect(silent.decisionDetails == ["IAM Policy=implicitDeny", "Resource Policy=allowed"])
      let denied = await server.simulate(allowsAll, form + [("ResourcePolicy", policy("Deny", #""*""#))])
      #expect(denied["EvalDecision"] == "explicitDeny")
      #expect(denied.decisionDetails == ["IAM Policy=allowed", "Resource Policy=explicitDeny"])
      // Without a policy of the resource nothing is granted across accounts.
      #expect(await server.simulate(allowsAll, form)["EvalDecision"] == "implicitDeny")

      // In one account the resource's policy suffices, and there are no sides.
      let own = [
        ("ActionNames.member.1", "s3:GetObject"), ("ResourceArns.member.1", "arn:aws:s3:::b/x"),
        ("CallerArn", caller), ("ResourceOwner", account),
        ("ResourcePolicy", policy("Allow", #"{"AWS":"\#(caller)"}"#)),
      ]
      let alone = await server.simulate(allows("iam:*"), own)
      #expect(alone["EvalDecision"] == "allowed" && alone.decisionDetails.isEmpty)
      // An ARN that tells its account needs no owner.
      let told = await server.simulate(
        allowsAll,
        [("CallerArn", caller), ("ResourceArns.member.1", "arn:aws:sts::\(neighbour):self")]
      )
      #expect(told["EvalDecision"] == "implicitDeny")
    }
  }
}
