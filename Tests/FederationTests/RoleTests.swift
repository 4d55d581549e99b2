// SPDX-License-Identifier: Apache-2.0
//
// Roles from creation to deletion, and everything that refuses one.

import Federation
import IdentityModel
import Testing

/// A trust policy that names `principal`, JSON, in an Allow of `sts:AssumeRole`.
func trust(_ principal: String, element: String = "Principal", effect: String = "Allow") -> String {
  #"{"Version":"2012-10-17","Statement":[{"Effect":"\#(effect)","\#(element)":\#(principal),"#
    + #""Action":"sts:AssumeRole"}]}"#
}

let trustOfService = trust(#"{"Service":"ec2.amazonaws.com"}"#)

extension TestServer {
  /// Makes the role `name`.
  func role(_ name: String, trust: String = trustOfService, path: String = "/") async {
    let answer = await call(
      "CreateRole",
      ["RoleName": name, "Path": path, "AssumeRolePolicyDocument": trust]
    )
    #expect(answer.status == 200, "\(answer.text)")
  }

  /// The trust policy of the role `name` as GetRole shows it.
  func shownTrust(_ name: String) async -> String? {
    await call("GetRole", ["RoleName": name])["AssumeRolePolicyDocument"].flatMap(percentDecoded)
  }
}

/// Undoes `urlEncoded`.
func percentDecoded(_ text: String) -> String? {
  var bytes: [UInt8] = []
  var rest = text.utf8[...]
  while let byte = rest.popFirst() {
    guard byte == UInt8(ascii: "%") else {
      bytes.append(byte)
      continue
    }
    guard let octet = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else { return nil }
    bytes.append(octet)
    rest = rest.dropFirst(2)
  }
  return String(validating: bytes, as: UTF8.self)
}

@Suite struct RoleTests {
  @Test func `a role is answered with what the action tells and no more`() async throws {
    try await TestServer.run { server in
      let created = await server.call(
        "CreateRole",
        [
          "RoleName": "R", "Path": "/p/", "AssumeRolePolicyDocument": trustOfService,
          "Description": "what for",
          "MaxSessionDuration": "7200", "PermissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess",
          "Tags.member.1.Key": "k", "Tags.member.1.Value": "v",
        ]
      )
      #expect(created.status == 200, "\(created.text)")
      #expect(created["Arn"] == "arn:aws:iam::123456789012:role/p/R")
      #expect(created["RoleId"]?.utf8.starts(with: "AROA".utf8) == true)
      #expect(created["AssumeRolePolicyDocument"].flatMap(percentDecoded) == trustOfService)
      #expect(created["PermissionsBoundaryArn"] == "arn:aws:iam::aws:policy/PowerUserAccess")
      #expect(created["Tags"] == "<member><Key>k</Key><Value>v</Value></member>")
      #expect(created["MaxSessionDuration"] == nil && created["RoleLastUsed"] == nil)

      let role = await server.call("GetRole", ["RoleName": "R"])
      #expect(role["Description"] == "what for" && role["MaxSessionDuration"] == "7200")
      #expect(role["PermissionsBoundaryType"] == "PermissionsBoundaryPolicy" && role["Tags"] != nil)
      #expect(role.text.contains("RoleLastUsed"))

      let list = await server.call("ListRoles", ["PathPrefix": "/p/"])
      #expect(list["Description"] == "what for" && list["MaxSessionDuration"] == "7200")
      #expect(list["IsTruncated"] == "false")
      #expect(!["Tags", "PermissionsBoundary", "RoleLastUsed"].contains { list.text.contains($0) })
      #expect(await server.call("ListRoles", ["PathPrefix": "/q/"])["RoleName"] == nil)
    }
  }

  @Test func `an update leaves alone what it does not name`() async throws {
    try await TestServer.run { server in
      await server.role("r")
      #expect(await server.call("GetRole", ["RoleName": "r"])["MaxSessionDuration"] == "3600")
      #expect(await server.call("UpdateRole", ["RoleName": "r", "Description": "a"]).status == 200)
      let answer = await server.call("UpdateRole", ["RoleName": "r", "MaxSessionDuration": "43200"])
      #expect(answer.text.contains("<UpdateRoleResult"))
      var role = await server.call("GetRole", ["RoleName": "r"])
      #expect(role["Description"] == "a" && role["MaxSessionDuration"] == "43200")
      let described = await server.call("UpdateRoleDescription", ["RoleName": "r", "Description": "b"])
      #expect(described["Description"] == "b" && described["RoleName"] == "r")
      role = await server.call("GetRole", ["RoleName": "r"])
      #expect(role["Description"] == "b" && role["MaxSessionDuration"] == "43200")
    }
  }

  @Test(arguments: [
    (["MaxSessionDuration": "3599"], "greater than or equal to 3600"),
    (["MaxSessionDuration": "43201"], "less than or equal to 43200"),
    (["Description": "a\u{7F}"], "at 'description' failed to satisfy constraint"),
    (["Description": String(repeating: "a", count: 1001)], "length less than or equal to 1000"),
    (["RoleName": String(repeating: "r", count: 65)], "length less than or equal to 64"),
    (["RoleName": "a/b"], "The specified value for roleName is invalid."),
  ])
  func `a role outside the model is refused`(_ parameters: [String: String], _ message: String) async throws {
    try await TestServer.run { server in
      await server.role("r")
      for (action, document) in [("CreateRole", trustOfService), ("UpdateRole", nil)] {
        let answer = await server.call(
          action,
          [
            "RoleName": parameters["RoleName"] ?? "r", "AssumeRolePolicyDocument": document ?? "",
            "MaxSessionDuration": parameters["MaxSessionDuration"] ?? "3600",
            "Description": parameters["Description"] ?? "",
          ]
        )
        #expect(answer.code == "ValidationError")
        #expect(answer["Message"]?.contains(message) == true, "\(answer.text)")
      }
    }
  }

  @Test func `names are taken whatever their case, and found as they are spelled`() async throws {
    try await TestServer.run { server in
      await server.role("Reader")
      let taken = await server.call(
        "CreateRole",
        ["RoleName": "reader", "AssumeRolePolicyDocument": trustOfService]
      )
      #expect(taken.code == "EntityAlreadyExists")
      #expect(taken["Message"] == "Role with name reader already exists.")
      for action in ["GetRole", "DeleteRole", "UpdateRole", "ListRoleTags", "ListInstanceProfilesForRole"] {
        let answer = await server.call(action, ["RoleName": "reader"])
        #expect(answer.code == "NoSuchEntity", "\(action)")
        #expect(answer["Message"] == "The role with name reader cannot be found.")
      }
      for action in ["UpdateRoleDescription", "UpdateAssumeRolePolicy"] {
        let answer = await server.call(
          action,
          ["RoleName": "reader", "Description": "", "PolicyDocument": trustOfService]
        )
        #expect(answer.code == "NoSuchEntity", "\(action)")
      }
    }
  }

  @Test func `a boundary must be a policy that the account may use`() async throws {
    try await TestServer.run { server in
      for (arn, code, message) in [
        (
          "arn:aws:iam::123456789012:policy/none", "NoSuchEntity",
          "Scope ARN: arn:aws:iam::123456789012:policy/none does not exist or is not attachable."
        ),
        (
          "arn:aws:iam::aws:policy/NoSuchAccess", "NoSuchEntity",
          "Scope ARN: arn:aws:iam::aws:policy/NoSuchAccess does not exist or is not attachable."
        ),
        ("longpolicynamebutnoarn", "ValidationError", "Invalid ARN:  Could not be parsed!"),
      ] {
        let answer = await server.call(
          "CreateRole",
          ["RoleName": "r", "AssumeRolePolicyDocument": trustOfService, "PermissionsBoundary": arn]
        )
        #expect(answer.code == code && answer["Message"] == message, "\(answer.text)")
      }
      #expect(await server.call("GetRole", ["RoleName": "r"]).code == "NoSuchEntity")
    }
  }

  @Test func `a role that leaves takes the trace of its boundary with it`() async throws {
    try await TestServer.run { server in
      let account = try #require(TestServer.account)
      let arn = "arn:aws:iam::aws:policy/PowerUserAccess"
      for _ in 0..<2 {
        let answer = await server.call(
          "CreateRole",
          ["RoleName": "r", "AssumeRolePolicyDocument": trustOfService, "PermissionsBoundary": arn]
        )
        #expect(answer.status == 200, "\(answer.text)")
        let uses = try await server.house.directory.records(
          PolicyAttachmentRecord.self,
          prefix: PolicyAttachmentRecord.prefix(account, policy: arn, .boundary)
        )
        #expect(uses.map(\.record.name) == ["r"] && uses.map(\.record.uniqueID) == [answer["RoleId"]])
        #expect(await server.call("DeleteRole", ["RoleName": "r"]).status == 200)
        let left = try await server.house.directory.records(
          PolicyAttachmentRecord.self,
          prefix: PolicyAttachmentRecord.prefix(account, policy: arn, .boundary)
        )
        #expect(left.isEmpty)
      }
    }
  }

  @Test func `a caller makes roles only with the boundary, the tags and the path that policy names`()
    async throws
  {
    try await TestServer.run { server in
      let boundary = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
      let keys = try await server.user(
        "maker",
        policy: """
          {"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":"iam:CreateRole","Resource":"arn:aws:iam::123456789012:role/team/*",
             "Condition":{"StringEquals":{"iam:PermissionsBoundary":"\(boundary)"}}},
            {"Effect":"Allow","Action":"iam:TagRole","Resource":"*",
             "Condition":{"StringEquals":{"aws:RequestTag/team":"blue"},
                          "ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}}]}
          """
      )
      func create(_ path: String, _ boundary: String?, _ tags: [(String, String)]) async -> String? {
        var form: [(String, String)] = [
          ("RoleName", "r"), ("Path", path), ("AssumeRolePolicyDocument", trustOfService),
        ]
        if let boundary { form.append(("PermissionsBoundary", boundary)) }
        for (index, tag) in tags.enumerated() {
          form += [("Tags.member.\(index + 1).Key", tag.0), ("Tags.member.\(index + 1).Value", tag.1)]
        }
        return await server.call("CreateRole", form: form, as: keys).code
      }
      #expect(await create("/team/", nil, []) == "AccessDenied")
      #expect(await create("/team/", "arn:aws:iam::aws:policy/AdministratorAccess", []) == "AccessDenied")
      #expect(await create("/other/", boundary, []) == "AccessDenied")
      #expect(await create("/team/", boundary, [("team", "red")]) == "AccessDenied")
      #expect(await create("/team/", boundary, [("team", "blue"), ("x", "y")]) == "AccessDenied")
      #expect(await create("/team/", boundary, [("team", "blue")]) == nil)
    }
  }

  @Test func `a role that came into a profile meanwhile is not deleted`() async throws {
    try await TestServer.run { server in
      await server.role("r")
      #expect(await server.call("CreateInstanceProfile", ["InstanceProfileName": "p"]).status == 200)
      server.sink.interfereOnce {
        let add: KeyValuePairs = ["InstanceProfileName": "p", "RoleName": "r"]
        #expect(await server.call("AddRoleToInstanceProfile", add).status == 200)
      }
      let answer = await server.call("DeleteRole", ["RoleName": "r"])
      #expect(answer.code == "DeleteConflict")
      #expect(
        answer["Message"] == "Cannot delete entity, must remove roles from instance profile first."
      )
      #expect(await server.call("GetRole", ["RoleName": "r"]).status == 200)
    }
  }

  @Test func `an account has a thousand roles and no more`() async throws {
    try await TestServer.run { server in
      for number in 0..<1000 { await server.role("r\(number)") }
      let create: KeyValuePairs = ["RoleName": "more", "AssumeRolePolicyDocument": trustOfService]
      let full = await server.call("CreateRole", create)
      #expect(full.code == "LimitExceeded")
      #expect(full["Message"] == "Cannot exceed quota for RolesPerAccount: 1000")
      // Of two that both find the last place free, one gets it.
      #expect(await server.call("DeleteRole", ["RoleName": "r0"]).status == 200)
      server.sink.interfereOnce { await server.role("last") }
      #expect(await server.call("CreateRole", create).code == "LimitExceeded")
    }
  }

  @Test func `what is recorded of a role has its documents whole`() async throws {
    try await TestServer.run { server in
      await server.role("r")
      let record = try #require(try await server.records().last)
      #expect(record.contains(#""eventName":"CreateRole""#))
      #expect(record.contains(#""assumeRolePolicyDocument":"{\"Version\":\"2012-10-17\""#))
      #expect(record.contains(#""roleId":"AROA"#))
    }
  }

  @Test(arguments: [
    "CreateServiceLinkedRole", "DeleteServiceLinkedRole", "GetServiceLinkedRoleDeletionStatus",
  ])
  func `service-linked roles are not served`(_ action: String) async throws {
    try await TestServer.run { server in
      #expect(await server.call(action).code == "InvalidAction")
    }
  }
}
