// SPDX-License-Identifier: Apache-2.0
//
// Managed policies and boundaries on identities: which may be used, that no policy goes while it is used, and that
// whoever manages them is held by iam:PolicyARN and iam:PermissionsBoundary.

import Federation
import IdentityModel
import StoreSQLite
import Testing

private let admin = "arn:aws:iam::aws:policy/AdministratorAccess"
private let readOnly = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"

@Suite struct PolicyAttachmentTests {
  @Test(arguments: ["User", "Group", "Role"])
  func `a managed policy is attached once and detached once`(_ kind: String) async throws {
    try await TestServer.run { server in
      try await server.make(kind, "x")
      let own = try await server.seedPolicy("own", path: "/a/", Documents.allowAll)
      for arn in [own, readOnly, admin, own] {
        await server.done("Attach\(kind)Policy", ["\(kind)Name": "x", "PolicyArn": arn])
      }
      let list = await server.done("ListAttached\(kind)Policies", ["\(kind)Name": "x"])
      #expect(list.text.ranges(of: "<PolicyArn>").count == 3)
      let below = await server.done("ListAttached\(kind)Policies", ["\(kind)Name": "x", "PathPrefix": "/a/"])
      #expect(below.text.ranges(of: "<PolicyArn>").count == 1)
      #expect(below["PolicyArn"] == own)
      #expect(below["PolicyName"] == "own")
      #expect(try await server.uses(of: own) == 1)
      await server.done("Detach\(kind)Policy", ["\(kind)Name": "x", "PolicyArn": own])
      #expect(try await server.uses(of: own) == 0)
      await server.refused(
        "Detach\(kind)Policy",
        ["\(kind)Name": "x", "PolicyArn": own],
        404,
        "NoSuchEntity",
        "Policy \(own) was not found."
      )
      await server.refused(
        "Attach\(kind)Policy",
        ["\(kind)Name": "y", "PolicyArn": own],
        404,
        "NoSuchEntity",
        "The \(kind.lowercased()) with name y cannot be found."
      )
    }
  }

  @Test(arguments: ["User", "Group", "Role"])
  func `ten policies are attached and no eleventh`(_ kind: String) async throws {
    try await TestServer.run { server in
      try await server.make(kind, "x")
      var arns: [String] = []
      for number in 0..<14 { arns.append(try await server.seedPolicy("p\(number)", Documents.allowAll)) }
      for arn in arns[..<8] {
        await server.done("Attach\(kind)Policy", ["\(kind)Name": "x", "PolicyArn": arn])
      }
      let answers = await withTaskGroup { group in
        for arn in arns[8...] {
          group.addTask { await server.call("Attach\(kind)Policy", ["\(kind)Name": "x", "PolicyArn": arn]) }
        }
        return await group.reduce(into: [Answer]()) { $0.append($1) }
      }
      #expect(answers.count { $0.status == 200 } == 2)
      for answer in answers where answer.status != 200 {
        #expect(answer.code == "LimitExceeded")
        #expect(answer["Message"] == "Cannot exceed quota for PoliciesPer\(kind): 10")
      }
      var found: [String] = []
      var marker: String?
      repeat {
        let page = await server.pageOfAttached(kind, marker)
        found.append(try #require(page["PolicyArn"]))
        marker = page["Marker"]
      } while marker != nil
      #expect(found.count == 10)
      #expect(found == found.sorted())
      #expect(Set(found).count == 10)
      #expect(await server.pageOfAttached(kind, "!").code == "ValidationError")
    }
  }

  @Test func `an ARN that names no policy of the account or of AWS is refused`() async throws {
    try await TestServer.run { server in
      try await server.make("User", "x")
      let own = try await server.seedPolicy("own", path: "/a/", Documents.allowAll)
      let account = "123456789012"
      let cases: [(arn: String, code: String, message: String)] = [
        ("longpolicynamebutnoarn", "ValidationError", "Invalid ARN:  Could not be parsed!"),
        ("arn:aws-cn:iam::aws:policy/AdministratorAccess", "ValidationError", "Invalid ARN partition"),
        ("arn:aws:iam::210987654321:policy/own", "InvalidInput", "="),
        ("arn:aws:iam::\(account):role/administrator", "InvalidInput", "="),
        ("arn:aws:sts::\(account):policy/own", "InvalidInput", "="),
        ("arn:aws:iam:eu-west-1:\(account):policy/own", "InvalidInput", "="),
        ("arn:aws:iam::\(account):policy/", "InvalidInput", "="),
        ("arn:aws:iam::\(account):policy/own", "NoSuchEntity", "?"),
        ("arn:aws:iam::\(account):policy/a/OWN", "NoSuchEntity", "?"),
        ("arn:aws:iam::\(account):policy//own", "NoSuchEntity", "?"),
        (own + " ", "NoSuchEntity", "?"),
        ("arn:aws:iam::aws:policy/NoSuchAccess", "NoSuchEntity", "?"),
      ]
      for (arn, code, message) in cases {
        for (action, parameter, absent) in [
          ("AttachUserPolicy", "PolicyArn", "Policy \(arn) does not exist or is not attachable."),
          (
            "PutUserPermissionsBoundary", "PermissionsBoundary",
            "Scope ARN: \(arn) does not exist or is not attachable."
          ),
        ] {
          let text = message == "=" ? "ARN \(arn) is not valid." : message == "?" ? absent : message
          let status = code == "NoSuchEntity" ? 404 : 400
          await server.refused(action, ["UserName": "x", parameter: arn], status, code, text)
        }
      }
      #expect(
        await server.call("AttachUserPolicy", ["UserName": "x", "PolicyArn": "short"]).code
          == "ValidationError"
      )
    }
  }

  @Test(arguments: [false, true])
  func `no policy is deleted while it is used, in either order`(_ isBoundary: Bool) async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: Documents.allowAll)
      let arn = try await server.seedPolicy("own", Documents.allowAll)
      let (action, parameter) =
        isBoundary ? ("PutUserPermissionsBoundary", "PermissionsBoundary") : ("AttachUserPolicy", "PolicyArn")
      let use: PolicyAttachmentRecord.Use = isBoundary ? .boundary : .policy
      // The attachment comes between the decision to delete and its write.
      server.sink.interfereOnce { await server.done(action, ["UserName": "alice", parameter: arn]) }
      await server.refused(
        "DeletePolicy",
        ["PolicyArn": arn],
        409,
        "DeleteConflict",
        "Cannot delete a policy attached to entities."
      )
      #expect(try await server.uses(of: arn, use) == 1)
      #expect(await server.token(as: alice).status == 200)
      // The deletion comes between the decision to attach and its write.
      let other = try await server.seedPolicy("other", Documents.allowAll)
      server.sink.interfereOnce { await server.done("DeletePolicy", ["PolicyArn": other]) }
      let late = await server.call(action, ["UserName": "alice", parameter: other])
      #expect(late.code == "NoSuchEntity", "\(late.text)")
      #expect(try await server.uses(of: other, use) == 0)
      #expect(await server.token(as: alice).status == 200)
    }
  }

  @Test func `a boundary limits from the next request on and goes with its user`() async throws {
    try await TestServer.run { server in
      let alice = try await server.user("alice", policy: Documents.allowAll)
      let tokens = try await server.seedPolicy("tokens", Documents.allowTokens)
      #expect(await server.token(as: alice).status == 200)
      await server.done("PutUserPermissionsBoundary", ["UserName": "alice", "PermissionsBoundary": readOnly])
      #expect(await server.token(as: alice).code == "AccessDenied")
      #expect(await server.call("GetUser", ["UserName": "alice"])["PermissionsBoundaryArn"] == readOnly)
      await server.done("PutUserPermissionsBoundary", ["UserName": "alice", "PermissionsBoundary": tokens])
      await server.done("PutUserPermissionsBoundary", ["UserName": "alice", "PermissionsBoundary": tokens])
      #expect(await server.token(as: alice).status == 200)
      #expect(try await server.uses(of: readOnly, .boundary) == 0)
      #expect(try await server.uses(of: tokens, .boundary) == 1)
      server.sink.interfereOnce {
        await server.done(
          "PutUserPermissionsBoundary",
          ["UserName": "alice", "PermissionsBoundary": readOnly]
        )
      }
      #expect(await server.token(as: alice).code == "AccessDenied")
      await server.done("DeleteUserPermissionsBoundary", ["UserName": "alice"])
      await server.done("DeleteUserPermissionsBoundary", ["UserName": "alice"])
      #expect(await server.token(as: alice).status == 200)
      #expect(try await server.uses(of: readOnly, .boundary) == 0)

      await server.done("CreateUser", ["UserName": "bob", "PermissionsBoundary": tokens])
      #expect(try await server.uses(of: tokens, .boundary) == 1)
      await server.done("UpdateUser", ["UserName": "bob", "NewUserName": "rob"])
      #expect(await server.call("GetUser", ["UserName": "rob"])["PermissionsBoundaryArn"] == tokens)
      await server.done("DeleteUser", ["UserName": "rob"])
      #expect(try await server.uses(of: tokens, .boundary) == 0)
      await server.refused(
        "CreateUser",
        ["UserName": "carol", "PermissionsBoundary": tokens + "x"],
        404,
        "NoSuchEntity",
        "Scope ARN: \(tokens)x does not exist or is not attachable."
      )
    }
  }

  @Test func `a role has a boundary like a user`() async throws {
    try await TestServer.run { server in
      try await server.seedRole("r")
      await server.done("PutRolePermissionsBoundary", ["RoleName": "r", "PermissionsBoundary": readOnly])
      #expect(try await server.uses(of: readOnly, .boundary) == 1)
      await server.done("DeleteRolePermissionsBoundary", ["RoleName": "r"])
      #expect(try await server.uses(of: readOnly, .boundary) == 0)
    }
  }

  @Test func `iam PolicyARN decides what may be attached and detached`() async throws {
    try await TestServer.run { server in
      let policy = """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:AttachUserPolicy","iam:DetachUserPolicy",
        "iam:AttachGroupPolicy"],"Resource":"*","Condition":{"ArnEquals":{"iam:PolicyARN":"\(readOnly)"}}}]}
        """
      let mallory = try await server.user("mallory", policy: policy)
      try await server.make("Group", "g")
      for action in ["AttachUserPolicy", "DetachUserPolicy"] {
        let allowed = await server.call(action, ["UserName": "mallory", "PolicyArn": readOnly], as: mallory)
        #expect(allowed.status == 200, "\(allowed.text)")
        let denied = await server.call(action, ["UserName": "mallory", "PolicyArn": admin], as: mallory)
        #expect(denied.code == "AccessDenied")
      }
      let group = await server.call("AttachGroupPolicy", ["GroupName": "g", "PolicyArn": admin], as: mallory)
      #expect(group.code == "AccessDenied")
    }
  }

  @Test func `iam PermissionsBoundary lets a delegate make only limited users, and not free them`()
    async throws
  {
    try await TestServer.run { server in
      let policy = """
        {"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":["iam:CreateUser","iam:PutUserPermissionsBoundary","iam:PutUserPolicy",
        "iam:DeleteUserPolicy","iam:AttachUserPolicy","iam:DetachUserPolicy"],"Resource":"*",
        "Condition":{"StringEquals":{"iam:PermissionsBoundary":"\(readOnly)"}}},
        {"Effect":"Allow","Action":["iam:DeleteUserPermissionsBoundary"],"Resource":"*",
        "Condition":{"StringNotEquals":{"iam:PermissionsBoundary":"\(readOnly)"}}}]}
        """
      let delegate = try await server.user("delegate", policy: policy)
      let inline: KeyValuePairs = ["UserName": "u", "PolicyName": "p", "PolicyDocument": Documents.allowAll]
      func code(_ action: String, _ parameters: KeyValuePairs<String, String>) async -> String? {
        await server.call(action, parameters, as: delegate).code
      }
      #expect(await code("CreateUser", ["UserName": "u"]) == "AccessDenied")
      #expect(await code("CreateUser", ["UserName": "u", "PermissionsBoundary": admin]) == "AccessDenied")
      #expect(await code("CreateUser", ["UserName": "u", "PermissionsBoundary": readOnly]) == nil)
      #expect(await code("PutUserPolicy", inline) == nil)
      #expect(await code("AttachUserPolicy", ["UserName": "u", "PolicyArn": admin]) == nil)
      #expect(await code("DetachUserPolicy", ["UserName": "u", "PolicyArn": admin]) == nil)
      #expect(await code("DeleteUserPolicy", ["UserName": "u", "PolicyName": "p"]) == nil)
      #expect(
        await code("PutUserPermissionsBoundary", ["UserName": "u", "PermissionsBoundary": admin])
          == "AccessDenied"
      )
      #expect(await code("DeleteUserPermissionsBoundary", ["UserName": "u"]) == "AccessDenied")
      // Users without that boundary are none of its business.
      await server.done("CreateUser", ["UserName": "free"])
      #expect(await code("AttachUserPolicy", ["UserName": "free", "PolicyArn": admin]) == "AccessDenied")
      #expect(
        await code("PutUserPermissionsBoundary", ["UserName": "free", "PermissionsBoundary": readOnly]) == nil
      )
    }
  }

  @Test(arguments: [("User", 2048), ("Group", 5120), ("Role", 10_240)])
  func `inline policies have room for so many characters`(_ kind: String, _ maximum: Int) async throws {
    try await TestServer.run { server in
      try await server.make(kind, "x")
      func put(_ name: String, _ document: String) async -> Answer {
        await server.call(
          "Put\(kind)Policy",
          ["\(kind)Name": "x", "PolicyName": name, "PolicyDocument": document]
        )
      }
      let word = kind.lowercased()
      let most = Documents.document(
        "Allow",
        "*",
        "arn:aws:s3:::" + String(repeating: "a", count: maximum / 2 - 90)
      )
      let size = most.utf8.count
      #expect(await put("a", most).status == 200)
      let fill = maximum - size - Documents.document("Allow", "*", "arn:aws:s3:::").utf8.count
      let rest = String(repeating: "b", count: fill)
      #expect(await put("b", Documents.document("Allow", "*", "arn:aws:s3:::" + rest)).status == 200)
      for (name, document) in [
        ("b", Documents.document("Allow", "*", "arn:aws:s3:::b" + rest)), ("c", Documents.denyAll),
      ] {
        let answer = await put(name, document)
        #expect(answer.code == "LimitExceeded")
        #expect(answer["Message"] == "Maximum policy size of \(maximum) bytes exceeded for \(word) x")
      }
      // White space is free, up to a point.
      let spaces = String(repeating: " ", count: maximum * 5 - maximum)
      #expect(await put("a", most + spaces).status == 200)
      #expect(await put("a", most + spaces + " ").code == "LimitExceeded")
      await server.refused(
        "Get\(kind)Policy",
        ["\(kind)Name": "x", "PolicyName": "z"],
        404,
        "NoSuchEntity",
        "The \(word) policy with name z cannot be found."
      )
      #expect(await put("z", "{}").code == "MalformedPolicyDocument")
    }
  }
}

extension TestServer {
  /// Makes the user, group or role `name`.
  fileprivate func make(_ kind: String, _ name: String) async throws {
    if kind == "Role" { return try await seedRole(name) }
    await done("Create\(kind)", ["\(kind)Name": name])
  }

  /// How many identities use the policy `arn`.
  fileprivate func uses(of arn: String, _ use: PolicyAttachmentRecord.Use = .policy) async throws -> Int {
    let account = try #require(TestServer.account)
    let prefix = PolicyAttachmentRecord.prefix(account, policy: arn, use)
    return try await house.directory.count(of: PolicyAttachmentRecord.self, prefix: prefix, limit: 100)
  }

  fileprivate func pageOfAttached(_ kind: String, _ marker: String?) async -> Answer {
    guard let marker else {
      return await call("ListAttached\(kind)Policies", ["\(kind)Name": "x", "MaxItems": "1"])
    }
    return await call("ListAttached\(kind)Policies", ["\(kind)Name": "x", "MaxItems": "1", "Marker": marker])
  }
}
