// SPDX-License-Identifier: Apache-2.0
//
// What the simulators and GetContextKeysFor… refuse, the keys that policies ask for, and that a simulated verdict is
// that of the real call.

import Federation
import IdentityModel
import Testing

private let ghost = "arn:aws:iam::123456789012:user/ghost"
private let alice = "arn:aws:iam::123456789012:user/alice"

private typealias Form = [(String, String)]

@Suite struct SimulationRefusalTests {
  private static let tokens: Form = [("ActionNames.member.1", "sts:GetWebIdentityToken")]
  private static let own: Form = tokens + [("PolicyInputList.member.1", allowsAll)]
  private static let trustAlone = #"""
    {"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}
    """#

  @Test(
    arguments: [
      (
        tokens + [("PolicyInputList.member.1", "{")],
        "Invalid policy at PolicyInputList.1: Syntax errors in policy."
      ),
      (
        own + [("PolicyInputList.member.2", trustAlone)],
        "Invalid policy at PolicyInputList.2: Policy document should not specify a principal."
      ),
      (
        own + [("PermissionsBoundaryPolicyInputList.member.1", #"{"Version":"2012-10-17"}"#)],
        "Invalid policy at PermissionsBoundaryPolicyInputList.1: Syntax errors in policy."
      ),
      (
        own + [("ResourcePolicy", allowsAll)],
        "Invalid policy at ResourcePolicy.1: Missing required field Principal"
      ),
      (own + [("CallerArn", "alice")], "Invalid CallerArn: alice"),
      (own + [("CallerArn", "123456789012")], "Invalid CallerArn: 123456789012"),
      (
        own + [("CallerArn", "arn:aws:iam::123456789012:group/g")],
        "Invalid CallerArn: arn:aws:iam::123456789012:group/g"
      ),
      (own + [("ResourceOwner", "nobody")], "Invalid ResourceOwner: nobody"),
      (own + [("ResourceOwner", "arn:aws:s3:::b")], "Invalid ResourceOwner: arn:aws:s3:::b"),
      (own + [("ActionNames.member.2", "s3:Get*")], "Invalid Action Name: s3:Get*"),
      (own + [("ActionNames.member.2", "s3:Ge?")], "Invalid Action Name: s3:Ge?"),
      (own + [("ActionNames.member.2", "GetUser")], "Invalid Action Name: GetUser"),
      (own + [("ActionNames.member.2", "a:b:c")], "Invalid Action Name: a:b:c"),
      (own + [("ActionNames.member.2", "s3: Get")], "Invalid Action Name: s3: Get"),
    ] as [([(String, String)], String)]
  )
  func `what cannot be read is named`(_ form: [(String, String)], _ message: String) async throws {
    try await TestServer.run { server in
      _ = try await server.user("alice")
      let custom = await server.call("SimulateCustomPolicy", form: form)
      let principal = await server.call("SimulatePrincipalPolicy", form: form + [("PolicySourceArn", alice)])
      for answer in [custom, principal] {
        #expect(answer.status == 400 && answer.code == "InvalidInput", "\(answer.text)")
        #expect(answer.message == message)
      }
    }
  }

  @Test(
    arguments: [
      (tokens, "policyInputList"), ([("PolicyInputList.member.1", allowsAll)], "actionNames"),
      (own + [("ActionNames.member.2", "ab")], "actionNames"), (own + [("MaxItems", "0")], "maxItems"),
      (own + [("MaxItems", "1001")], "maxItems"),
      (own + [("ContextEntries.member.1.ContextKeyName", "a:b")], "contextKeyName"),
      (
        own + [
          ("ContextEntries.member.1.ContextKeyName", "aws:k"),
          ("ContextEntries.member.1.ContextKeyType", "text"),
        ], "contextKeyType"
      ),
    ] as [([(String, String)], String)]
  )
  func `the shape of the parameters is the model's`(_ form: [(String, String)], _ name: String) async throws {
    try await TestServer.run { server in
      let answer = await server.call("SimulateCustomPolicy", form: form)
      #expect(answer.status == 400 && answer.code == "ValidationError", "\(answer.text)")
      #expect(answer.message?.contains(name) == true, "\(answer.text)")
    }
  }

  @Test func `whose policies must be a user, a group or a role of the account`() async throws {
    try await TestServer.run { server in
      _ = try await server.user("alice")
      func ask(_ action: String, _ arn: String) async -> Answer {
        await server.call(action, form: Self.tokens + [("PolicySourceArn", arn)])
      }
      for action in ["SimulatePrincipalPolicy", "GetContextKeysForPrincipalPolicy"] {
        for arn in [
          "arn:aws:iam::123456789012:policy/p", "arn:aws:sts::123456789012:assumed-role/r/s",
          "alice-in-wonderland-land",
          "arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:user",
        ] {
          let answer = await ask(action, arn)
          #expect(answer.status == 400 && answer.code == "InvalidInput")
          #expect(
            answer.message == "Invalid Entity Arn: \(arn) does not clearly define entity type and name.",
            "\(answer.text)"
          )
        }
        for (arn, sentence) in [
          (ghost, "user with name ghost"), ("arn:aws:iam::123456789012:group/g", "group with name g"),
          ("arn:aws:iam::123456789012:role/p/r", "role with name r"), (alice + "/", "user with name "),
          ("arn:aws:iam::210987654321:user/alice", "user with name alice"),
          ("arn:aws:iam::123456789012:user/p/alice", "user with name alice"),
          ("arn:aws:iam::123456789012:user/Alice", "user with name Alice"),
          ("arn:aws-cn:iam::123456789012:user/alice", "user with name alice"),
        ] {
          let answer = await ask(action, arn)
          #expect(answer.status == 404 && answer.code == "NoSuchEntity", "\(answer.text)")
          #expect(answer.message == "The \(sentence) cannot be found.")
        }
        #expect(await ask(action, alice).status == 200)
      }
    }
  }

  @Test func `policy is asked first, on the identity or on everything`() async throws {
    try await TestServer.run { server in
      let eve = try await server.user("eve", policy: allows("iam:GetUser"))
      let name = "User: arn:aws:iam::123456789012:user/eve is not authorized to perform:"
      for (action, resource) in [
        ("SimulatePrincipalPolicy", ghost), ("GetContextKeysForPrincipalPolicy", ghost),
        ("SimulateCustomPolicy", "*"), ("GetContextKeysForCustomPolicy", "*"),
      ] {
        let form = Self.tokens + [("PolicyInputList.member.1", "{"), ("PolicySourceArn", ghost)]
        let answer = await server.call(action, form: form, as: eve)
        #expect(answer.status == 403 && answer.code == "AccessDenied")
        #expect(
          answer.message == "\(name) iam:\(action) on resource: \(resource) because no identity-based policy "
            + "allows the iam:\(action) action"
        )
      }
      let one = Documents.document("Allow", "iam:Simulate*", "arn:aws:iam::123456789012:user/eve")
      try await server.put(one, on: "eve")
      let form = Self.tokens + [("PolicySourceArn", "arn:aws:iam::123456789012:user/eve")]
      #expect(await server.call("SimulatePrincipalPolicy", form: form, as: eve).status == 200)
    }
  }

  // MARK: - Context keys

  @Test func `keys are those of all policies, each once`() async throws {
    try await TestServer.run { server in
      let first = #"""
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:username}/*",
        "Condition":{"StringEquals":{"aws:SourceVpc":"x"}}},{"Effect":"Deny","Action":"*","Resource":"*",
        "Condition":{"Bool":{"AWS:sourcevpc":"true","aws:SecureTransport":"false"}}}]}
        """#
      let second = first.replacing("SourceVpc", with: "SourceIp")
      let form = [("PolicyInputList.member.1", first), ("PolicyInputList.member.2", second)]
      let custom = await server.call("GetContextKeysForCustomPolicy", form: form)
      #expect(
        custom.all("member") == ["aws:username", "aws:SourceVpc", "aws:SecureTransport", "aws:SourceIp"]
      )
      let none = await server.call("GetContextKeysForCustomPolicy", ["PolicyInputList.member.1": allowsAll])
      #expect(none.status == 200 && none.all("member").isEmpty)

      _ = try await server.user("alice", policy: second)
      await server.done("CreateGroup", ["GroupName": "crew"])
      let third = first.replacing("SourceVpc", with: "UserAgent")
      await server.done("PutGroupPolicy", ["GroupName": "crew", "PolicyName": "g", "PolicyDocument": third])
      await server.done("AddUserToGroup", ["GroupName": "crew", "UserName": "alice"])
      let source = ("PolicySourceArn", alice)
      let keys = ["aws:username", "aws:SourceIp", "AWS:sourcevpc", "aws:SecureTransport", "aws:UserAgent"]
      #expect(await server.call("GetContextKeysForPrincipalPolicy", form: [source]).all("member") == keys)
      let more =
        #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"${aws:userid}"}}"#
        .replacing("${", with: "arn:aws:s3:::${")
      let with = await server.call(
        "GetContextKeysForPrincipalPolicy",
        form: [source, ("PolicyInputList.member.1", more)]
      )
      #expect(with.all("member") == keys + ["aws:userid"])
    }
  }

  @Test func `keys are not read out of what is no policy`() async throws {
    try await TestServer.run { server in
      _ = try await server.user("alice")
      let form = [("PolicyInputList.member.1", allowsAll), ("PolicyInputList.member.2", "[]")]
      let custom = await server.call("GetContextKeysForCustomPolicy", form: form)
      let principal = await server.call(
        "GetContextKeysForPrincipalPolicy",
        form: form + [("PolicySourceArn", alice)]
      )
      for answer in [custom, principal] {
        #expect(answer.status == 400 && answer.code == "InvalidInput")
        #expect(answer.message == "Invalid policy at PolicyInputList.2: Syntax errors in policy.")
      }
    }
  }

  // MARK: - The real call

  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
  func `a simulated verdict is that of the real call`(_ seed: UInt64) async throws {
    try await TestServer.run { server in
      let keys = try await server.user("alice")
      var chance = SmallPolicies(seed: seed)
      var verdicts: Set<String> = []
      for _ in 0..<10 {
        let policy = chance.policy()
        try await server.put(policy, on: "alice")
        let real = await server.token(as: keys, audience: "https://a")
        let simulated = await server.call(
          "SimulatePrincipalPolicy",
          form: Self.tokenCall + [("PolicySourceArn", alice)]
        )
        let verdict = try #require(simulated["EvalDecision"], "\(simulated.text)")
        verdicts.insert(verdict)
        switch verdict {
        case "allowed": #expect(real.status == 200, "\(policy)\n\(real.text)")
        case "explicitDeny":
          #expect(real.message?.contains("with an explicit deny") == true, "\(policy)\n\(real.text)")
        default:
          #expect(real.message?.contains("because no identity-based") == true, "\(policy)\n\(real.text)")
        }
      }
      // Whatever the seed, the policies are not all of one kind.
      #expect(verdicts.count > 1)
    }
  }

  /// What `TestServer.token` calls, with the keys of that call.
  private static let tokenCall: Form =
    tokens + [("ResourceArns.member.1", "arn:aws:sts::123456789012:self")]
    + [
      ("sts:IdentityTokenAudience", "https://a"), ("sts:DurationSeconds", "300"),
      ("sts:SigningAlgorithm", "ES384"),
      ("aws:SourceIp", "192.0.2.7"), ("aws:SecureTransport", "false"),
    ].enumerated().flatMap { index, entry in
      [
        ("ContextEntries.member.\(index + 1).ContextKeyName", entry.0),
        ("ContextEntries.member.\(index + 1).ContextKeyType", "string"),
        ("ContextEntries.member.\(index + 1).ContextKeyValues.member.1", entry.1),
      ]
    }
}

/// Writes small policies about one call, the same for the same seed.
private struct SmallPolicies {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func policy() -> String {
    let statements = (0..<Int.random(in: 1...3, using: &self)).map { index in
      statement(index == 0 || Int.random(in: 0..<3, using: &self) > 0 ? "Allow" : "Deny")
    }
    return #"{"Version":"2012-10-17","Statement":[\#(statements.joined(separator: ","))]}"#
  }

  private mutating func statement(_ effect: String) -> String {
    let action = one([
      #""Action":"*""#, #""Action":"sts:Get*""#, #""Action":["STS:GetWebIdentityToken"]"#,
      #""NotAction":"iam:*""#,
      #""Action":"sts:GetCallerIdentity""#,
    ])
    let resource = one([
      #""Resource":"*""#, #""Resource":"arn:aws:sts::*:self""#, #""NotResource":"arn:aws:iam::*:*""#,
      #""Resource":"arn:aws:sts::${aws:PrincipalAccount}:self""#,
      #""Resource":"arn:aws:sts::210987654321:self""#,
    ])
    let condition = one([
      "", "", #""StringEquals":{"aws:username":"alice"}"#,
      #""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/a*"}"#,
      #""ForAllValues:StringLike":{"sts:IdentityTokenAudience":"https://*"}"#,
      #""ForAnyValue:StringEquals":{"sts:IdentityTokenAudience":["https://b"]}"#,
      #""NumericLessThan":{"sts:DurationSeconds":"300"}"#, #""Bool":{"aws:SecureTransport":"false"}"#,
      #""IpAddress":{"aws:SourceIp":"192.0.2.0/29"}"#, #""Null":{"aws:TokenIssueTime":"true"}"#,
      #""StringNotEquals":{"aws:PrincipalTag/Team":"blue"}"#,
      #""StringEquals":{"sts:SigningAlgorithm":"RS256"}"#,
      #""DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}"#,
      #""StringEquals":{"aws:PrincipalType":"User"}"#,
    ])
    let suffix = condition.isEmpty ? "" : #","Condition":{\#(condition)}"#
    return #"{"Effect":"\#(effect)",\#(action),\#(resource)\#(suffix)}"#
  }

  private mutating func one(_ list: [String]) -> String { list[Int.random(in: list.indices, using: &self)] }
}

extension SmallPolicies: RandomNumberGenerator {
  /// SplitMix64.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
