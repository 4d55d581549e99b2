// SPDX-License-Identifier: Apache-2.0
//
// The simulators: what they answer and what they refuse. That a simulated verdict is the real one:
// SimulationRefusalTests.

import Federation
import IdentityModel
import Testing

private let account = "123456789012"
private let neighbour = "210987654321"

extension Answer {
  /// `Line:Column` of all positions of the kind `name`.
  fileprivate func positions(_ name: String) -> [String] {
    all(name).map { position in
      let answer = Answer(status: status, text: position)
      return "\(answer["Line"] ?? ""):\(answer["Column"] ?? "")"
    }
  }

  /// What stands in the first answer's list `name`: the same list stands in its resource's results.
  fileprivate func members(_ name: String) -> [String] {
    Answer(status: status, text: self[name] ?? "").all("member")
  }

  /// `EvalDecisionDetails` of the first result, sorted: `IAM Policy=allowed`.
  fileprivate var details: [String] {
    Answer(status: status, text: self["EvalDecisionDetails"] ?? "").all("entry").map { entry in
      let answer = Answer(status: status, text: entry)
      return "\(answer["key"] ?? "")=\(answer["value"] ?? "")"
    }.sorted()
  }
}

extension TestServer {
  /// Simulates `policy` of nobody: `sts:GetWebIdentityToken`, unless the form says otherwise.
  fileprivate func custom(_ policy: String, _ form: [(String, String)] = []) async -> Answer {
    var form = [("PolicyInputList.member.1", policy)] + form
    if !form.contains(where: { $0.0 == "ActionNames.member.1" }) {
      form.append(("ActionNames.member.1", "sts:GetWebIdentityToken"))
    }
    return await call("SimulateCustomPolicy", form: form)
  }

  /// Simulates `sts:GetWebIdentityToken` of `arn`.
  fileprivate func principal(_ arn: String, _ form: [(String, String)] = [], as keys: Keys = .root) async
    -> Answer
  {
    await call(
      "SimulatePrincipalPolicy",
      form: [("PolicySourceArn", arn), ("ActionNames.member.1", "sts:GetWebIdentityToken")] + form,
      as: keys
    )
  }

  /// Makes the group `crew` with `policy` and the member `user`.
  fileprivate func crew(_ policy: String, _ user: String) async {
    await done("CreateGroup", ["GroupName": "crew"])
    await done("PutGroupPolicy", ["GroupName": "crew", "PolicyName": "g", "PolicyDocument": policy])
    await done("AddUserToGroup", ["GroupName": "crew", "UserName": user])
  }
}

private func entry(_ number: Int, _ key: String, _ values: [String], _ type: String = "string") -> [(
  String, String
)] {
  let name = "ContextEntries.member.\(number)"
  return [("\(name).ContextKeyName", key), ("\(name).ContextKeyType", type)]
    + values.enumerated().map { ("\(name).ContextKeyValues.member.\($0.offset + 1)", $0.element) }
}

private func conditional(_ operation: String, _ key: String, _ values: String) -> String {
  #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","#
    + #""Condition":{"\#(operation)":{"\#(key)":\#(values)}}}}"#
}

@Suite struct SimulationTests {
  // MARK: - Answers

  @Test func `an answer tells policy, place and verdict, for each action on each resource`() async throws {
    try await TestServer.run { server in
      let policy = """
        {
          "Version": "2012-10-17",
          "Statement": [
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            {
              "Effect": "Deny",
              "Action": "s3:DeleteObject",
              "Resource": "arn:aws:s3:::b/*"
            }
          ]
        }
        """
      let answer = await server.custom(
        policy,
        [
          ("ActionNames.member.1", "s3:GetObject"), ("ActionNames.member.2", "s3:DeleteObject"),
          ("ResourceArns.member.1", "arn:aws:s3:::a/x"), ("ResourceArns.member.2", "arn:aws:s3:::b/x"),
        ]
      )
      #expect(answer.status == 200, "\(answer.text)")
      #expect(
        answer.all("EvalActionName") == [
          "s3:GetObject", "s3:GetObject", "s3:DeleteObject", "s3:DeleteObject",
        ]
      )
      #expect(answer.all("EvalDecision") == ["allowed", "allowed", "allowed", "explicitDeny"])
      #expect(answer.all("EvalResourceDecision") == ["allowed", "allowed", "allowed", "explicitDeny"])
      // Each result has its resource twice: once for itself, once in the results of the resource.
      let resources = ["arn:aws:s3:::a/x", "arn:aws:s3:::b/x"].flatMap { [$0, $0] }
      #expect(answer.all("EvalResourceName") == resources + resources)
      #expect(answer.positions("StartPosition") == Array(repeating: "4:6", count: 7) + ["5:6", "4:6", "5:6"])
      #expect(answer.positions("EndPosition") == Array(repeating: "4:59", count: 7) + ["9:6", "4:59", "9:6"])
      #expect(Set(answer.all("SourcePolicyId")) == ["PolicyInputList.1"])
      #expect(Set(answer.all("SourcePolicyType")) == ["IAM Policy"])
      #expect(
        answer["AllowedByOrganizations"] == "true" && answer["PermissionsBoundaryDecisionDetail"] == nil
      )
      #expect(answer["IsTruncated"] == "false" && answer["Marker"] == nil)
      #expect(answer.details.isEmpty)
    }
  }

  @Test func `without resources the question is about all of them`() async throws {
    try await TestServer.run { server in
      let answer = await server.custom(allowsAll)
      #expect(answer.all("EvalResourceName") == ["*", "*"] && answer["EvalDecision"] == "allowed")
      #expect(await server.custom(allows("iam:GetUser"))["EvalDecision"] == "implicitDeny")
    }
  }

  @Test func `keys without a value are named, as the policy spells them`() async throws {
    try await TestServer.run { server in
      let policy = conditional("StringEquals", "aws:SourceVpc", #""${aws:username}""#)
      let silent = await server.custom(policy)
      #expect(silent["EvalDecision"] == "implicitDeny")
      #expect(silent.members("MissingContextValues") == ["aws:SourceVpc", "aws:username"])
      let told = await server.custom(
        policy,
        entry(1, "AWS:sourcevpc", ["a"]) + entry(2, "aws:username", ["a"])
      )
      #expect(told["EvalDecision"] == "allowed" && told.members("MissingContextValues").isEmpty)
      // A key without values is not there.
      let empty = await server.custom(policy, entry(1, "aws:SourceVpc", []) + entry(2, "aws:username", ["a"]))
      #expect(empty.members("MissingContextValues") == ["aws:SourceVpc"])
    }
  }

  @Test(
    arguments: [
      ("string", "StringEquals", "a:string", #""x""#, ["x"], ["y"]),
      ("stringList", "ForAllValues:StringLike", "a:list", #"["x*","y"]"#, ["x1", "y"], ["x1", "z"]),
      ("numeric", "NumericLessThan", "a:number", #""10""#, ["9.5"], ["10"]),
      ("numericList", "ForAnyValue:NumericEquals", "a:numbers", #""3""#, ["1", "3"], ["1", "2"]),
      ("boolean", "Bool", "a:truth", #""true""#, ["true"], ["false"]),
      ("booleanList", "ForAnyValue:Bool", "a:truths", #""true""#, ["false", "true"], ["false"]),
      ("ip", "IpAddress", "a:address", #""192.0.2.0/24""#, ["192.0.2.9"], ["198.51.100.1"]),
      ("ipList", "ForAllValues:IpAddress", "a:addresses", #""2001:db8::/32""#, ["2001:db8::1"], ["::1"]),
      ("binary", "BinaryEquals", "a:binary", #""QQ==""#, ["QQ=="], ["QUE="]),
      ("binaryList", "ForAnyValue:BinaryEquals", "a:binaries", #""QQ==""#, ["QUE=", "QQ=="], ["QUE="]),
      (
        "date", "DateLessThan", "a:date", #""2027-01-01T00:00:00Z""#, ["2026-12-31T23:59:59Z"], ["2027-01-01"]
      ),
      (
        "dateList", "ForAnyValue:DateEquals", "a:dates", #""1800000000""#, ["2027-01-15T08:00:00Z"],
        ["1800000001"]
      ),
    ] as [(String, String, String, String, [String], [String])]
  )
  func `a context entry of each type meets its operator`(
    type: String,
    operation: String,
    key: String,
    wanted: String,
    good: [String],
    bad: [String]
  ) async throws {
    try await TestServer.run { server in
      let policy = conditional(operation, key, wanted)
      #expect(await server.custom(policy, entry(1, key, good, type))["EvalDecision"] == "allowed")
      #expect(await server.custom(policy, entry(1, key, bad, type))["EvalDecision"] == "implicitDeny")
    }
  }

  @Test func `the time is now unless the request says another`() async throws {
    try await TestServer.run { server in
      let policy = conditional("NumericEquals", "aws:EpochTime", #""1800000000""#)
      #expect(await server.custom(policy)["EvalDecision"] == "allowed")
      #expect(
        await server.custom(policy, entry(1, "aws:EpochTime", ["1"], "numeric"))["EvalDecision"]
          == "implicitDeny"
      )
      let date = conditional("DateEquals", "aws:CurrentTime", #""2027-01-15T08:00:00Z""#)
      #expect(await server.custom(date)["EvalDecision"] == "allowed")
    }
  }

  // MARK: - Boundaries

  @Test func `a boundary that is silent limits, and an input takes its place`() async throws {
    try await TestServer.run { server in
      let boundary = try await server.storePolicy("limit", allows("iam:*"))
      _ = try await server.user("alice", policy: allowsAll)
      let alice = "arn:aws:iam::\(account):user/alice"
      #expect(await server.principal(alice)["PermissionsBoundaryDecisionDetail"] == nil)
      await server.done("PutUserPermissionsBoundary", ["UserName": "alice", "PermissionsBoundary": boundary])
      let silent = await server.principal(alice)
      #expect(silent.all("EvalDecision") == ["implicitDeny"])
      #expect(silent.all("AllowedByPermissionsBoundary") == ["false", "false"])
      #expect(silent.all("SourcePolicyId") == ["user_alice_p", "user_alice_p"])
      let replaced = await server.principal(
        alice,
        [("PermissionsBoundaryPolicyInputList.member.1", allowsAll)]
      )
      #expect(replaced["EvalDecision"] == "allowed" && replaced["AllowedByPermissionsBoundary"] == "true")
      let types = replaced.all("SourcePolicyType")
      #expect(
        types == ["IAM Policy", "Permissions Boundary Policy", "IAM Policy", "Permissions Boundary Policy"]
      )
      let denied = await server.principal(
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
      #expect(await server.principal(alice)["EvalDecision"] == "implicitDeny")
      await server.crew(Documents.allowTokens, "alice")
      for arn in [alice, "arn:aws:iam::\(account):group/crew"] {
        let allowed = await server.principal(arn)
        #expect(allowed["EvalDecision"] == "allowed" && allowed["SourcePolicyId"] == "group_crew_g")
        let denied = await server.principal(arn, [("PolicyInputList.member.1", Documents.denyTokens)])
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
      #expect(await server.principal(role)["EvalDecision"] == "explicitDeny")
      await server.done(
        "CreatePolicyVersion",
        ["PolicyArn": policy, "PolicyDocument": "\n\(Documents.allowTokens)", "SetAsDefault": "true"]
      )
      let answer = await server.principal(role)
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
        #expect(await server.principal(arn, input)["EvalDecision"] == "allowed")
        // A request may say otherwise.
        let other = await server.principal(arn, input + entry(1, "aws:PrincipalTag/Team", ["red"]))
        #expect(other["EvalDecision"] == "implicitDeny")
      }
      // A group is nobody: what only a caller has is missing.
      await server.done("CreateGroup", ["GroupName": "crew"])
      let group = await server.principal(
        "arn:aws:iam::\(account):group/crew",
        [("PolicyInputList.member.1", mine.replacing("NAME-ARN", with: alice))]
      )
      #expect(
        group.members("MissingContextValues") == [
          "aws:PrincipalTag/Team", "aws:PrincipalType", "aws:PrincipalArn",
        ]
      )
    }
  }

  @Test func `a caller by name has the keys that its name tells`() async throws {
    try await TestServer.run { server in
      let policy = conditional("ArnEquals", "aws:PrincipalArn", #""arn:aws:iam::\#(neighbour):role/r""#)
      // Their own resource: no policy of it is needed.
      let owner = [("ResourceOwner", neighbour)]
      // Of a session it is the ARN of its role.
      for caller in ["arn:aws:sts::\(neighbour):assumed-role/r/s1", "arn:aws:iam::\(neighbour):role/r"] {
        #expect(await server.custom(policy, owner + [("CallerArn", caller)])["EvalDecision"] == "allowed")
      }
      let named = conditional("StringEquals", "aws:username", #""bob""#)
      let caller = "arn:aws:iam::\(neighbour):user/p/bob"
      #expect(await server.custom(named, owner + [("CallerArn", caller)])["EvalDecision"] == "allowed")
      let other = "arn:aws:iam::\(neighbour):user/p/eve"
      #expect(await server.custom(named, owner + [("CallerArn", other)])["EvalDecision"] == "implicitDeny")
    }
  }

  @Test func `a user that is named as its own caller keeps its keys`() async throws {
    try await TestServer.run { server in
      let tagged: KeyValuePairs = [
        "UserName": "alice", "Tags.member.1.Key": "Team", "Tags.member.1.Value": "blue",
      ]
      await server.done("CreateUser", tagged)
      let alice = "arn:aws:iam::\(account):user/alice"
      let policy = conditional("StringEquals", "aws:PrincipalTag/Team", #""blue""#)
      let input = [("PolicyInputList.member.1", policy)]
      #expect(await server.principal(alice, input + [("CallerArn", alice)])["EvalDecision"] == "allowed")
      let other = await server.principal(alice, input + [("CallerArn", "arn:aws:iam::\(account):user/bob")])
      #expect(other["EvalDecision"] == "implicitDeny")
      #expect(other.members("MissingContextValues") == ["aws:PrincipalTag/Team"])
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
      let both = await server.custom(allowsAll, form + [("ResourcePolicy", everyone)])
      #expect(both["EvalDecision"] == "allowed")
      #expect(both.details == ["IAM Policy=allowed", "Resource Policy=allowed"])
      #expect(both.all("SourcePolicyType").prefix(2) == ["Resource Policy", "IAM Policy"])
      let silent = await server.custom(allows("iam:*"), form + [("ResourcePolicy", everyone)])
      #expect(silent["EvalDecision"] == "implicitDeny")
      #expect(silent.details == ["IAM Policy=implicitDeny", "Resource Policy=allowed"])
      let denied = await server.custom(allowsAll, form + [("ResourcePolicy", policy("Deny", #""*""#))])
      #expect(denied["EvalDecision"] == "explicitDeny")
      #expect(denied.details == ["IAM Policy=allowed", "Resource Policy=explicitDeny"])
      // Without a policy of the resource nothing is granted across accounts.
      #expect(await server.custom(allowsAll, form)["EvalDecision"] == "implicitDeny")

      // In one account the resource's policy suffices, and there are no sides.
      let own = [
        ("ActionNames.member.1", "s3:GetObject"), ("ResourceArns.member.1", "arn:aws:s3:::b/x"),
        ("CallerArn", caller), ("ResourceOwner", account),
        ("ResourcePolicy", policy("Allow", #"{"AWS":"\#(caller)"}"#)),
      ]
      let alone = await server.custom(allows("iam:*"), own)
      #expect(alone["EvalDecision"] == "allowed" && alone.details.isEmpty)
      // An ARN that tells its account needs no owner.
      let told = await server.custom(
        allowsAll,
        [("CallerArn", caller), ("ResourceArns.member.1", "arn:aws:sts::\(neighbour):self")]
      )
      #expect(told["EvalDecision"] == "implicitDeny")
    }
  }

  // MARK: - Pages

  @Test func `pages end where the last result does`() async throws {
    try await TestServer.run { server in
      let actions = (1...5).map { ("ActionNames.member.\($0)", "a:B\($0)") }
      var found: [[String]] = []
      var marker: String?
      repeat {
        let page = [("MaxItems", "2")] + (marker.map { [("Marker", $0)] } ?? [])
        let answer = await server.custom(allowsAll, actions + page)
        found.append(answer.all("EvalActionName"))
        marker = answer["Marker"]
        #expect(answer["IsTruncated"] == (marker == nil ? "false" : "true"))
      } while marker != nil && found.count < 9
      #expect(found == [["a:B1", "a:B2"], ["a:B3", "a:B4"], ["a:B5"]])
      let whole = await server.custom(allowsAll, actions + [("MaxItems", "5")])
      #expect(
        whole.all("EvalActionName").count == 5 && whole["IsTruncated"] == "false" && whole["Marker"] == nil
      )
      for beyond in ["5", "9999999"] {
        let answer = await server.custom(allowsAll, actions + [("Marker", beyond)])
        #expect(
          answer.status == 200 && answer.all("EvalActionName").isEmpty && answer["IsTruncated"] == "false"
        )
      }
    }
  }

  @Test func `a page holds a hundred results unless more are asked for`() async throws {
    try await TestServer.run { server in
      let actions = (1...101).map { ("ActionNames.member.\($0)", "a:B\($0)") }
      let first = await server.custom(allowsAll, actions)
      #expect(first.all("EvalActionName").count == 100 && first["Marker"] == "100")
    }
  }

  @Test(arguments: ["0", "-1", "x", "1.5", "10000000", "9223372036854775807", "99999999999999999999"])
  func `a marker that nobody gave is refused`(_ marker: String) async throws {
    try await TestServer.run { server in
      let answer = await server.custom(allowsAll, [("Marker", marker)])
      #expect(answer.status == 400 && answer.code == "ValidationError")
      #expect(answer.message == "Invalid Marker: \(marker)")
    }
  }
}
