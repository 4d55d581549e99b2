// SPDX-License-Identifier: Apache-2.0
//
// Why policy refused, on record: what stands there, how much of it at most, and what never does.

import Federation
import IdentityModel
import StrictJSON
import Testing

private let resource = "arn:aws:sts::123456789012:self"
private let target = "arn:aws:iam::123456789012:role/target"

private func json(_ text: String) throws -> JSONValue { try JSONReader.read(Array(text.utf8)) }

private func policy(_ statements: String...) -> String {
  #"{"Version":"2012-10-17","Statement":[\#(statements.joined(separator: ","))]}"#
}

extension TestServer {
  /// `additionalEventData` of the last record of `action`; `nil` when it has none.
  fileprivate func reason(_ action: String = "GetWebIdentityToken") async throws -> JSONValue? {
    let mark = #""eventName":"\#(action)""#
    let record = try json(try #require(try await records().last { $0.contains(mark) }))
    return record.object?["additionalEventData"]
  }

  /// `policyDecision` of a token that `keys` must not get.
  fileprivate func decision(_ keys: Keys, audience: String = "a") async throws -> JSONObject {
    #expect(await token(as: keys, audience: audience).code == "AccessDenied")
    let data = try #require(try await reason()?.object)
    #expect(data.members.map(\.name) == ["policyDecision"])
    return try #require(data["policyDecision"]?.object)
  }

  /// That the last token was refused with exactly this decision after the action and the resource.
  fileprivate func expectToken(
    _ keys: Keys,
    _ rest: String,
    _ location: SourceLocation = #_sourceLocation
  ) async throws {
    let expected = try json(#"{"action":"sts:GetWebIdentityToken","resource":"\#(resource)",\#(rest)}"#)
    #expect(.object(try await decision(keys)) == expected, sourceLocation: location)
  }
}

@Suite struct RefusalRecordTests {
  @Test func `without an Allow the record names the nearest statements and what they wanted`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user(
        "alice",
        policy: policy(
          #"{"Sid":"Near","Effect":"Allow","Action":"sts:*","Resource":"*","#
            + #""Condition":{"ForAnyValue:StringEquals":{"sts:IdentityTokenAudience":["b","c"]}}}"#,
          #"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#,
          #"{"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::*:*"}"#,
          #"{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"v"}}}"#
        )
      )
      try await server.expectToken(
        alice,
        #"""
        "decision":"implicitDeny","policyType":"identity","unmatchedStatements":[
        {"policyType":"identity","policy":"user_alice_p","statement":0,"sid":"Near","effect":"Allow",
        "reason":"condition","operator":"ForAnyValue:StringEquals","key":"sts:IdentityTokenAudience",
        "policyValues":["b","c"],"requestValues":["a"]},
        {"policyType":"identity","policy":"user_alice_p","statement":2,"effect":"Allow","reason":"resource"},
        {"policyType":"identity","policy":"user_alice_p","statement":3,"effect":"Deny","reason":"condition",
        "operator":"StringEquals","key":"aws:SourceVpc","policyValues":["v"]}],
        "missingContextKeys":["aws:SourceVpc"]
        """#
      )
      let bob = try await server.user("bob")
      try await server.expectToken(bob, #""decision":"implicitDeny","policyType":"identity""#)
    }
  }

  @Test func `a Deny is named with its policy, its statement and its Sid`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: allowsAll)
      let managed = try await server.storePolicy(
        "m",
        policy(
          #"{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#,
          #"{"Sid":"Never","Effect":"Deny","Action":"sts:*","Resource":"*"}"#
        )
      )
      await server.done("AttachUserPolicy", ["UserName": "alice", "PolicyArn": managed])
      try await server.expectToken(
        alice,
        #""decision":"explicitDeny","policyType":"identity","policy":"\#(managed)","statement":1,"sid":"Never""#
      )
      try await server.put(Documents.denyTokens, on: "alice")
      try await server.expectToken(
        alice,
        #""decision":"explicitDeny","policyType":"identity","policy":"user_alice_p","statement":0"#
      )
    }
  }

  @Test func `a boundary, a session policy and a trust policy are told apart`() async throws {
    try await TestServer.run { server in
      let boundary = try await server.storePolicy("limit", allows("iam:*"))
      let alice = try await server.user("alice", policy: allowsAll)
      await server.done("PutUserPermissionsBoundary", ["UserName": "alice", "PermissionsBoundary": boundary])
      try await server.expectToken(alice, #""decision":"implicitDeny","policyType":"permissionsBoundary""#)
      await server.done("DeleteUserPermissionsBoundary", ["UserName": "alice"])

      try await server.storeRole("open")
      let session = await server.done(
        "AssumeRole",
        [
          "RoleArn": "arn:aws:iam::123456789012:role/open", "RoleSessionName": "s1",
          "Policy": Documents.denyTokens,
        ],
        as: alice
      )
      let refused = try await server.decision(try #require(session.credentials))
      #expect(refused["decision"]?.string == "explicitDeny" && refused["policyType"]?.string == "session")

      _ = try await server.user("bob")
      await server.role("target", trust: trust(#"{"AWS":"arn:aws:iam::123456789012:user/bob"}"#))
      let answer = await server.call("AssumeRole", ["RoleArn": target, "RoleSessionName": "s1"], as: alice)
      #expect(answer.code == "AccessDenied")
      let expected = try json(
        #"""
        {"policyDecision":{"action":"sts:AssumeRole","resource":"\#(target)","decision":"implicitDeny",
        "policyType":"roleTrust","unmatchedStatements":[{"policyType":"roleTrust","policy":"\#(target)",
        "statement":0,"effect":"Allow","reason":"principal"}]}}
        """#
      )
      #expect(try await server.reason("AssumeRole") == expected)
    }
  }

  // MARK: - How much

  @Test func `twenty statements and keys are named at most`() async throws {
    try await TestServer.run { server in
      let statements = (0..<25).map { number in
        #"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"a:k\#(number)":"x"}}}"#
      }
      let text = #"{"Version":"2012-10-17","Statement":[\#(statements.joined(separator: ","))]}"#
      try await server.storeRole("r", policy: text)
      let alice = try await server.user("alice", policy: allowsAll)
      let data = try await server.decision(
        try await server.assume("arn:aws:iam::123456789012:role/r", as: alice)
      )
      let near = try #require(data["unmatchedStatements"]?.array)
      #expect(near.compactMap { $0.object?["statement"]?.int64 } == Array(0..<20))
      #expect(data["missingContextKeys"]?.array?.compactMap(\.string) == (0..<20).map { "a:k\($0)" })
    }
  }

  @Test func `a request cannot hide the decision by its length`() async throws {
    try await TestServer.run { server in
      let near =
        #"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAllValues:StringEquals":"#
        + #"{"sts:IdentityTokenAudience":"x"}}}"#
      let statements =
        Array(repeating: near, count: 20)
        + [#"{"Sid":"Never","Effect":"Deny","Action":"sts:*","Resource":"*"}"#]
      let text = #"{"Version":"2012-10-17","Statement":[\#(statements.joined(separator: ","))]}"#
      try await server.storeRole("r", policy: text)
      let alice = try await server.user("alice", policy: allowsAll)
      let session = try await server.assume("arn:aws:iam::123456789012:role/r", as: alice)
      let form =
        [("SigningAlgorithm", "ES384")]
        + (1...10).map { ("Audience.member.\($0)", "\($0)" + String(repeating: "\u{1F600}", count: 300)) }
      #expect(await server.call("GetWebIdentityToken", form: form, as: session).code == "AccessDenied")
      let data = try #require(try await server.reason()?.object?["policyDecision"]?.object)
      #expect(data["decision"]?.string == "explicitDeny" && data["sid"]?.string == "Never")
      #expect(data["unmatchedStatements"]?.array?.count == 1)
    }
  }

  @Test func `a record stays short, whatever the policies and the request hold`() async throws {
    try await TestServer.run { server in
      let long = String(repeating: "v", count: 300)
      let values = (0..<12).map { "\"\($0)\(long)\"" }.joined(separator: ",")
      let statements = (0..<25).map { number in
        #"{"Sid":"\#(number)S\#(long)","Effect":"Allow","Action":"*","Resource":"*","Condition":{"#
          + #""ForAllValues:StringEquals":{"sts:IdentityTokenAudience":[\#(values)]},"#
          + #""StringEquals":{"aws:PrincipalTag/\#(number)\#(long)":"x"}}}"#
      }
      let text = #"{"Version":"2012-10-17","Statement":[\#(statements.joined(separator: ","))]}"#
      try await server.storeRole("r", policy: text)
      let alice = try await server.user("alice", policy: allowsAll)
      let session = try await server.assume("arn:aws:iam::123456789012:role/r", as: alice)
      // One character to a reader, and nine hundred scalars.
      let marks = "e" + String(repeating: "\u{301}", count: 900)
      let form =
        [("SigningAlgorithm", "ES384"), ("Audience.member.1", marks)]
        + (2...10).map { ("Audience.member.\($0)", "\($0)\(long)") }
      let answer = await server.call("GetWebIdentityToken", form: form, as: session)
      #expect(answer.code == "AccessDenied")
      let data = try #require(try await server.reason()?.object?["policyDecision"]?.object)
      let near = try #require(data["unmatchedStatements"]?.array)
      // What does not fit is left out: the log would leave out everything.
      #expect((1..<20).contains(near.count))
      for (number, statement) in near.enumerated() {
        let statement = try #require(statement.object)
        #expect(statement["sid"]?.string == String("\(number)S\(long)".prefix(256)))
        let wanted = try #require(statement["policyValues"]?.array)
        #expect(wanted.count == 10 && wanted.allSatisfy { $0.string?.unicodeScalars.count == 256 })
        let had = try #require(statement["requestValues"]?.array)
        #expect(had.count == 10 && had.allSatisfy { $0.string?.unicodeScalars.count == 256 })
      }
      let missing = try #require(data["missingContextKeys"]?.array)
      #expect(missing.count == 20 && missing.allSatisfy { $0.string?.unicodeScalars.count == 256 })
    }
  }

  // MARK: - What never stands there

  @Test(
    arguments: [
      #"{"Version":"2012-10-17","Statement":{"Sid":"Hidden","Effect":"Deny","Principal":"*","Action":"sts:*"}}"#,
      #"{"Version":"2012-10-17","Statement":{"Sid":"Hidden","Effect":"Allow","Principal":"*","Action":"sts:*","#
        + #""Condition":{"StringEquals":{"sts:ExternalId":"Hidden"}}}}"#,
      // They trust, we do not: that they trust is theirs to know.
      #"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:*"}}"#,
    ]
  )
  func `nothing of a role of another account is on record, not even that it exists`(_ trust: String)
    async throws
  {
    try await TestServer.run { server in
      let neighbour = try #require(AccountID("210987654321"))
      let root = Keys(id: "AKIANEIGHBOURROOT000", secret: "neighbour-secret")
      try await server.addAccount(neighbour, root, enablesFederation: false)
      try await server.storeRole("there", trust: trust, tags: [("Owner", "Hidden")], account: neighbour)
      let alice = try await server.user(
        "alice",
        policy: policy(
          #"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"AWS:resourcetag/owner":"x"}}}"#,
          #"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringLike":{"iam:ResourceTag/Owner":"y*"}}}"#
        )
      )
      var told: [JSONValue] = []
      for name in ["there", "gone!"] {
        let arn = "arn:aws:iam::\(neighbour):role/\(name)"
        let answer = await server.call("AssumeRole", ["RoleArn": arn, "RoleSessionName": "s1"], as: alice)
        #expect(answer.code == "AccessDenied")
        let record = try #require(try await server.records().last)
        #expect(record.contains(#""additionalEventData""#) && !record.contains("Hidden"))
        let data = try #require(try await server.reason("AssumeRole")?.object?["policyDecision"]?.object)
        #expect(data["resource"]?.string == arn && data["decision"]?.string == "implicitDeny")
        #expect(data["unmatchedStatements"]?.array?.count == 2)
        told.append(.object(JSONObject(data.members.filter { $0.name != "resource" })))
      }
      #expect(told[0] == told[1])
    }
  }

  @Test func `the tags of a role of one's own account are told`() async throws {
    try await TestServer.run { server in
      try await server.storeRole("r", tags: [("Owner", "ops")])
      let alice = try await server.user(
        "alice",
        policy: policy(
          #"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/Owner":"x"}}}"#
        )
      )
      let form: KeyValuePairs = ["RoleArn": "arn:aws:iam::123456789012:role/r", "RoleSessionName": "s1"]
      #expect(await server.call("AssumeRole", form, as: alice).code == "AccessDenied")
      let record = try #require(try await server.records().last)
      #expect(record.contains(#""requestValues":["ops"]"#))
    }
  }

  @Test func `nothing secret is on record`() async throws {
    try await TestServer.run { server in
      try await server.storeRole("r", policy: Documents.denyTokens)
      let alice = try await server.user("alice", policy: allows("sts:AssumeRole"))
      let session = try await server.assume("arn:aws:iam::123456789012:role/r", as: alice)
      for keys in [alice, session] { _ = try await server.decision(keys) }
      let records = try await server.records().joined()
      #expect(records.contains(#""policyDecision""#) && records.contains(alice.id))
      #expect(!records.contains(alice.secret) && !records.contains(session.secret))
      #expect(!records.contains(try #require(session.sessionToken)))
    }
  }

  @Test func `what succeeds or fails without policy has no decision on record`() async throws {
    try await TestServer.run { server in
      try await server.storeRole("r")
      let alice = try await server.user("alice", policy: allowsAll)
      #expect(await server.token(as: alice).status == 200)
      #expect(try await server.reason() == nil)
      #expect(await server.call("GetUser", ["UserName": "ghost"], as: alice).code == "NoSuchEntity")
      #expect(try await server.reason("GetUser") == nil)
      // No policy binds root: what it may not do is not policy's word.
      let form: KeyValuePairs = ["RoleArn": "arn:aws:iam::123456789012:role/r", "RoleSessionName": "s1"]
      #expect(await server.call("AssumeRole", form).code == "AccessDenied")
      #expect(try await server.reason("AssumeRole") == nil)
      #expect(try await server.records().contains { $0.contains("additionalEventData") } == false)
    }
  }
}
