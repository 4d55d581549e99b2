// SPDX-License-Identifier: Apache-2.0
//
// Tags of everything that has tags: one set of rules, tried on each kind.

import Federation
import IdentityModel
import Testing

/// A kind of resource, how it is made and how it is named.
struct TaggedKind: Sendable, CustomTestStringConvertible {
  let noun: String
  var parameter: String { noun == "OutboundFederationConfig" ? "Name" : noun + "Name" }
  var testDescription: String { noun }

  static let all = ["User", "Role", "InstanceProfile", "OutboundFederationConfig"].map(TaggedKind.init)

  func make(_ name: String, on server: TestServer) async {
    let answer = await server.call(
      "Create\(noun)",
      [
        parameter: name, "AssumeRolePolicyDocument": trustOfService, "TokenType": "OIDC",
        "TargetService": "https://api.example.com", "Audience": "a",
      ]
    )
    #expect(answer.status == 200, "\(answer.text)")
  }

  func tag(_ name: String, _ tags: [(String, String)], on server: TestServer, as keys: Keys = .root) async
    -> Answer
  {
    await server.call("Tag\(noun)", form: [(parameter, name)] + tagForm(tags), as: keys)
  }

  func untag(_ name: String, _ keys: [String], on server: TestServer, as caller: Keys = .root) async -> Answer
  {
    let form = keys.enumerated().map { ("TagKeys.member.\($0 + 1)", $1) }
    return await server.call("Untag\(noun)", form: [(parameter, name)] + form, as: caller)
  }

  func list(_ name: String, on server: TestServer, _ extra: [(String, String)] = []) async -> Answer {
    await server.call("List\(noun)Tags", form: [(parameter, name)] + extra)
  }
}

private func tagForm(_ tags: [(String, String)]) -> [(String, String)] {
  tags.enumerated().flatMap { index, tag in
    [("Tags.member.\(index + 1).Key", tag.0), ("Tags.member.\(index + 1).Value", tag.1)]
  }
}

@Suite struct TagTests {
  @Test(arguments: TaggedKind.all)
  func `a tag takes the place of one whose key differs in case alone`(_ kind: TaggedKind) async throws {
    try await TestServer.run { server in
      await kind.make("x", on: server)
      #expect(await kind.tag("x", [("team", "blue"), ("Zone", "1")], on: server).status == 200)
      #expect(await kind.tag("x", [("TEAM", "red"), ("Area", "")], on: server).status == 200)
      let list = await kind.list("x", on: server)
      #expect(list.tags == ["Area=", "TEAM=red", "Zone=1"])
      #expect(list["IsTruncated"] == "false" && list["Marker"] == nil)
      #expect(await kind.untag("x", ["team", "zone", "never"], on: server).status == 200)
      #expect(await kind.list("x", on: server).tags == ["Area="])
      #expect(
        await server.call("Get\(kind.noun)", form: [(kind.parameter, "x")]).tags == ["Area="]
      )
    }
  }

  @Test(arguments: TaggedKind.all)
  func `tags come page by page in the order of their keys`(_ kind: TaggedKind) async throws {
    try await TestServer.run { server in
      await kind.make("x", on: server)
      #expect(await kind.tag("x", [("c", "3"), ("a", "1"), ("b", "2")], on: server).status == 200)
      let first = await kind.list("x", on: server, [("MaxItems", "2")])
      #expect(first.tags == ["a=1", "b=2"] && first["IsTruncated"] == "true")
      let marker = try #require(first["Marker"])
      let second = await kind.list("x", on: server, [("MaxItems", "2"), ("Marker", marker)])
      #expect(second.tags == ["c=3"] && second["IsTruncated"] == "false")
      #expect(await kind.list("x", on: server, [("Marker", "!")]).code == "ValidationError")
    }
  }

  @Test(arguments: TaggedKind.all)
  func `tags that break a rule are refused, all of them`(_ kind: TaggedKind) async throws {
    try await TestServer.run { server in
      await kind.make("x", on: server)
      let doubled = await kind.tag("x", [("fine", ""), ("k", "1"), ("K", "2")], on: server)
      #expect(doubled.code == "InvalidInput")
      #expect(doubled.status == 400)
      #expect(
        doubled.message == "Duplicate tag keys found. Please note that Tag keys are case insensitive."
      )
      for key in ["aws:x", "AWS:x", "aws:"] {
        let reserved = await kind.tag("x", [("fine", ""), (key, "")], on: server)
        #expect(reserved.code == "InvalidInput")
        #expect(reserved.message == "aws: prefixed tag key names are not allowed for external use.")
      }
      #expect(await kind.tag("x", [("awsome", "")], on: server).status == 200)
      #expect(await kind.tag("x", [("a*", "")], on: server).code == "ValidationError")
      #expect(await kind.tag("x", [], on: server).code == "ValidationError")
      #expect(await kind.untag("x", [], on: server).code == "ValidationError")
      #expect(await kind.untag("x", ["*"], on: server).code == "ValidationError")
      #expect(await kind.tag("x", (0...50).map { ("k\($0)", "") }, on: server).code == "ValidationError")
      #expect(await kind.list("x", on: server).tags == ["awsome="])
    }
  }

  @Test(arguments: TaggedKind.all)
  func `the fifty-first tag is refused, a new value for one of fifty is not`(_ kind: TaggedKind) async throws
  {
    try await TestServer.run { server in
      await kind.make("x", on: server)
      #expect(await kind.tag("x", (0..<50).map { ("k\($0)", "") }, on: server).status == 200)
      let more = await kind.tag("x", [("k50", "")], on: server)
      #expect(more.code == "LimitExceeded" && more.status == 409)
      #expect(more.message == "The number of tags has reached the maximum limit.")
      #expect(await kind.tag("x", [("K0", "new")], on: server).status == 200)
    }
  }

  @Test func `fifty tags stay fifty when two calls add one each`() async throws {
    try await TestServer.run { server in
      let kind = TaggedKind(noun: "Role")
      await kind.make("x", on: server)
      #expect(await kind.tag("x", (0..<49).map { ("k\($0)", "") }, on: server).status == 200)
      server.sink.interfereOnce { #expect(await kind.tag("x", [("first", "")], on: server).status == 200) }
      #expect(await kind.tag("x", [("second", "")], on: server).code == "LimitExceeded")
    }
  }

  @Test(arguments: TaggedKind.all)
  func `what is not there has no tags`(_ kind: TaggedKind) async throws {
    try await TestServer.run { server in
      await kind.make("Name", on: server)
      let message =
        switch kind.noun {
        case "InstanceProfile": "Instance Profile name cannot be found."
        case "OutboundFederationConfig": "Outbound federation config name cannot be found."
        default: "The \(kind.noun.lowercased()) with name name cannot be found."
        }
      for answer in [
        await kind.tag("name", [("k", "v")], on: server), await kind.untag("name", ["k"], on: server),
        await kind.list("name", on: server),
      ] {
        #expect(answer.code == "NoSuchEntity" && answer.message == message, "\(answer.text)")
      }
    }
  }

  @Test func `a policy is named by its ARN, and another account's is not there`() async throws {
    try await TestServer.run { server in
      for arn in [
        "arn:aws:iam::123456789012:policy/none",
        "arn:aws:iam::aws:policy/AdministratorAccess",
      ] {
        let answer = await server.call("ListPolicyTags", ["PolicyArn": arn])
        #expect(answer.code == "NoSuchEntity" && answer.message == "Policy \(arn) was not found.")
        #expect(
          await server.call("TagPolicy", form: [("PolicyArn", arn)] + tagForm([("k", "v")])).code
            == "NoSuchEntity"
        )
      }
      let foreign = await server.call(
        "ListPolicyTags",
        ["PolicyArn": "arn:aws:iam::210987654321:policy/none"]
      )
      #expect(foreign.status >= 400)
      let other = await server.call("ListPolicyTags", ["PolicyArn": "arn:aws:iam::123456789012:user/alice"])
      #expect(other.code == "InvalidInput")
      #expect(other.message == "ARN arn:aws:iam::123456789012:user/alice is not valid.")
      let answer = await server.call(
        "UntagPolicy",
        ["PolicyArn": "nothing-like-an-arn-0", "TagKeys.member.1": "k"]
      )
      #expect(answer.code == "ValidationError" && answer.message == "Invalid ARN:  Could not be parsed!")
    }
  }

  @Test(arguments: TaggedKind.all)
  func `policy sees the tags that are there, that come and that go`(_ kind: TaggedKind) async throws {
    try await TestServer.run { server in
      await kind.make("mine", on: server)
      await kind.make("other", on: server)
      #expect(await kind.tag("mine", [("owner", "t"), ("keep", "1")], on: server).status == 200)
      #expect(await kind.tag("other", [("owner", "u")], on: server).status == 200)
      let keys = try await server.user(
        "tagger",
        policy: """
          {"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":"iam:Tag*","Resource":"*","Condition":{
              "StringEquals":{"aws:ResourceTag/owner":"t"},
              "ForAllValues:StringEquals":{"aws:TagKeys":["colour"]},
              "StringLike":{"aws:RequestTag/colour":"b*"}}},
            {"Effect":"Allow","Action":"iam:Untag*","Resource":"*","Condition":{
              "StringEquals":{"iam:ResourceTag/owner":"t"},
              "ForAllValues:StringEquals":{"aws:TagKeys":["colour"]}}}]}
          """
      )
      #expect(await kind.tag("mine", [("colour", "blue")], on: server, as: keys).status == 200)
      #expect(await kind.tag("mine", [("colour", "red")], on: server, as: keys).code == "AccessDenied")
      #expect(await kind.tag("mine", [("owner", "x")], on: server, as: keys).code == "AccessDenied")
      #expect(await kind.tag("other", [("colour", "blue")], on: server, as: keys).code == "AccessDenied")
      #expect(await kind.untag("mine", ["keep"], on: server, as: keys).code == "AccessDenied")
      #expect(await kind.untag("other", ["colour"], on: server, as: keys).code == "AccessDenied")
      #expect(await kind.untag("mine", ["colour"], on: server, as: keys).status == 200)
      // Nor does it learn what is there.
      #expect(await kind.tag("nobody", [("colour", "blue")], on: server, as: keys).code == "AccessDenied")
    }
  }

  @Test func `a tag of a user is one of the caller's own from the next decision on`() async throws {
    try await TestServer.run { server in
      let kind = TaggedKind(noun: "User")
      let keys = try await server.user(
        "alice",
        policy: """
          {"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:GetWebIdentityToken","Resource":"*",
          "Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue"}}}}
          """
      )
      #expect(await server.token(as: keys).code == "AccessDenied")
      #expect(await kind.tag("alice", [("team", "blue")], on: server).status == 200)
      #expect(await server.token(as: keys).status == 200)
      // Also when it goes between the decision and the record.
      server.sink.interfereOnce { #expect(await kind.untag("alice", ["TEAM"], on: server).status == 200) }
      #expect(await server.token(as: keys).code == "AccessDenied")
    }
  }

  @Test func `tags at creation obey the same rules`() async throws {
    try await TestServer.run { server in
      for (action, name) in [
        ("CreateRole", "RoleName"), ("CreateInstanceProfile", "InstanceProfileName"),
        ("CreateOutboundFederationConfig", "Name"),
      ] {
        for tags in [[("k", ""), ("K", "")], [("aws:k", "")]] {
          let settings = [
            ("AssumeRolePolicyDocument", trustOfService), ("TokenType", "OIDC"), ("Audience", "a"),
            ("TargetService", "https://api.example.com"),
          ]
          let form = [(name, "x")] + settings + tagForm(tags)
          #expect(await server.call(action, form: form).code == "InvalidInput", "\(action)")
        }
      }
    }
  }

  @Test func `violations stand in the order of the parameters' names`() async throws {
    try await TestServer.run { server in
      for (action, order) in [
        ("TagUser", ["tags", "userName"]), ("TagRole", ["roleName", "tags"]),
        ("UntagUser", ["tagKeys", "userName"]), ("UntagPolicy", ["policyArn", "tagKeys"]),
      ] {
        let message = try #require(await server.call(action).message)
        let nulls = order.map {
          "Value null at '\($0)' failed to satisfy constraint: Member must not be null"
        }
        #expect(message == "2 validation errors detected: \(nulls.joined(separator: "; "))")
      }
    }
  }

  @Test func `a tag call is recorded with its tags`() async throws {
    try await TestServer.run { server in
      let kind = TaggedKind(noun: "Role")
      await kind.make("x", on: server)
      _ = await kind.tag("x", [("k", "v")], on: server)
      let tagged = try #require(try await server.records().last)
      #expect(tagged.contains(#""requestParameters":{"roleName":"x","tags":[{"key":"k","value":"v"}]}"#))
      _ = await kind.untag("x", ["k"], on: server)
      let untagged = try #require(try await server.records().last)
      #expect(untagged.contains(#""requestParameters":{"roleName":"x","tagKeys":["k"]}"#))
    }
  }
}
