// SPDX-License-Identifier: Apache-2.0
//
// Managed policies: what they are held to, how they are found and listed, and that AWS's own are nobody's to change.

import Federation
import Foundation
import IdentityModel
import Testing

private func document(_ effect: String, _ action: String = "*", resource: String = "*") -> String {
  """
  {"Version":"2012-10-17","Statement":[{"Effect":"\(effect)","Action":"\(action)","Resource":"\(resource)"}]}
  """
}

private let administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
private let absent = "arn:aws:iam::123456789012:policy/absent"

@Suite struct ManagedPolicyTests {
  @Test func `a policy is not deleted with its versions, and a name that comes again starts anew`()
    async throws
  {
    try await TestServer.run { server in
      let arn = try await server.managedPolicy("p", document("Allow"))
      #expect(await server.version(of: arn, document("Deny"), isDefault: true).status == 200)
      await server.done("CreateGroup", ["GroupName": "group"])
      await server.attach(arn, to: GroupRecord.self, "group")
      // AWS's order: who uses it, then its versions.
      let parameters: KeyValuePairs = ["PolicyArn": arn]
      #expect(await server.call("DeletePolicy", parameters)["Message"]?.contains("attached") == true)
      let other = try await server.managedPolicy("q", document("Allow"))
      #expect(await server.version(of: other, document("Deny"), isDefault: true).status == 200)
      let refused = await server.call("DeletePolicy", ["PolicyArn": other])
      #expect(refused.code == "DeleteConflict")
      #expect(refused["Message"]?.hasPrefix("This policy has more than one version.") == true)
      #expect(
        await server.call("DeletePolicyVersion", ["PolicyArn": other, "VersionId": "v1"]).status == 200
      )
      #expect(await server.call("DeletePolicy", ["PolicyArn": other]).status == 200)
      #expect(await server.call("GetPolicy", ["PolicyArn": other]).code == "NoSuchEntity")
      #expect(try await server.managedPolicy("q", document("Allow")) == other)
      #expect(await server.call("GetPolicy", ["PolicyArn": other])["DefaultVersionId"] == "v1")
    }
  }

  @Test func `who may only read IAM is answered every question and gets no token`() async throws {
    let readOnly = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
    let token = "GetOutboundFederationToken"
    let gets = (ActionTable.all.names[.iam] ?? []).filter { $0.hasPrefix("Get") && $0 != token }
    let policy = try #require(AWSManagedPolicy(arn: readOnly))
    let named = policy.text.split(separator: "\"").filter { $0.hasPrefix("iam:Get") }
    #expect(named.map(String.init) == gets.map { "iam:\($0)" })
    try await TestServer.run { server in
      #expect(await server.makeConfig().status == 200)
      let auditor = try await server.user("auditor")
      await server.attach(readOnly, to: UserRecord.self, "auditor")
      #expect(await server.configToken(as: auditor).code == "AccessDenied")
      #expect(await server.configToken().status == 200)
      let config = await server.call("GetOutboundFederationConfig", ["Name": "api"], as: auditor)
      #expect(config.status == 200, "\(config.text)")
      let form = ([token] + gets).enumerated().map { ("ActionNames.member.\($0 + 1)", "iam:\($1)") }
      let source = ("PolicySourceArn", "arn:aws:iam::123456789012:user/auditor")
      let simulated = await server.call("SimulatePrincipalPolicy", form: [source] + form, as: auditor)
      #expect(
        simulated.all("EvalDecision") == ["implicitDeny"] + gets.map { _ in "allowed" },
        "\(simulated.text)"
      )
    }
  }

  @Test func `AWS's own policies are read and listed in every account, and nobody changes them`() async throws
  {
    try await TestServer.run { server in
      let get = await server.call("GetPolicy", ["PolicyArn": administrator])
      #expect(get["PolicyName"] == "AdministratorAccess" && get["AttachmentCount"] == "0")
      let version = await server.call("GetPolicyVersion", ["PolicyArn": administrator, "VersionId": "v1"])
      #expect(version["Document"]?.removingPercentEncoding?.contains(#""Action":"*""#) == true)
      #expect(
        await server.call("GetPolicyVersion", ["PolicyArn": administrator, "VersionId": "v2"]).code
          == "NoSuchEntity"
      )
      #expect(
        await server.call("ListPolicyVersions", ["PolicyArn": administrator]).all("VersionId") == ["v1"]
      )
      for (action, more) in [
        ("DeletePolicy", [:]), ("CreatePolicyVersion", ["PolicyDocument": document("Allow")]),
        ("DeletePolicyVersion", ["VersionId": "v1"]), ("SetDefaultPolicyVersion", ["VersionId": "v1"]),
      ] as [(String, KeyValuePairs<String, String>)] {
        let answer = await server.call(action, adding: ["PolicyArn": administrator], to: more)
        #expect(answer.status == 403 && answer.code == "AccessDenied", "\(action)")
        #expect(
          answer["Message"]
            == "User: arn:aws:iam::123456789012:root is not authorized to perform: iam:\(action) "
            + "on resource: \(administrator)"
        )
      }
      let listed = await server.call("ListPolicies", ["Scope": "AWS"]).all("PolicyName")
      #expect(listed == AWSManagedPolicy.all.map(\.name))
    }
  }

  @Test func `another account's policy is refused without a word of whether it exists`() async throws {
    try await TestServer.run { server in
      let arn = try await server.managedPolicy("p", document("Allow"))
      let other = Keys(id: "AKIAOTHEROTHEROTHER0", secret: "other-secret")
      try await server.addAccount(try #require(AccountID("999999999999")), other, enablesFederation: false)
      for (action, more) in [
        ("GetPolicy", [:]), ("ListPolicyVersions", [:]), ("ListEntitiesForPolicy", [:]),
        ("DeletePolicy", [:]),
        ("GetPolicyVersion", ["VersionId": "v1"]), ("DeletePolicyVersion", ["VersionId": "v1"]),
        ("SetDefaultPolicyVersion", ["VersionId": "v1"]),
        ("CreatePolicyVersion", ["PolicyDocument": document("Deny"), "SetAsDefault": "true"]),
      ] as [(String, KeyValuePairs<String, String>)] {
        let there = await server.call(action, adding: ["PolicyArn": arn], to: more, as: other)
        let nowhere = await server.call(action, adding: ["PolicyArn": absent], to: more, as: other)
        #expect(there.code == "AccessDenied", "\(action)")
        #expect(there["Message"] == nowhere["Message"]?.replacing(absent, with: arn), "\(action)")
      }
      #expect(await server.call("ListPolicies", ["Scope": "Local"], as: other).all("Arn").isEmpty)
      #expect(await server.call("GetPolicy", ["PolicyArn": arn])["DefaultVersionId"] == "v1")
    }
  }

  @Test func `what names no policy is refused as AWS refuses it`() async throws {
    try await TestServer.run { server in
      let arn = try await server.managedPolicy("p", document("Allow"))
      for (text, code, message) in [
        ("longpolicynamebutnoarn", "ValidationError", "Invalid ARN:  Could not be parsed!"),
        ("arn:aws:iam:123456789012", "ValidationError", "Invalid ARN:  Could not be parsed!"),
        (absent, "NoSuchEntity", "Policy \(absent) was not found."),
        (arn + "123", "NoSuchEntity", "Policy \(arn)123 was not found."),
        (arn.uppercased().replacing("ARN:AWS:IAM", with: "arn:aws:iam"), "InvalidInput", nil),
        (arn.replacing("/p", with: "/P"), "NoSuchEntity", nil),
        (arn.replacing("/p", with: "/path/p"), "NoSuchEntity", nil),
        (arn.replacing("/p", with: "/"), "InvalidInput", nil),
        (arn.replacing("policy", with: "role"), "InvalidInput", nil),
        (arn.replacing(":iam:", with: ":s3:"), "InvalidInput", nil),
        (arn.replacing("iam::", with: "iam:us-east-1:"), "InvalidInput", nil),
        (arn.replacing("arn:aws:", with: "arn:aws-cn:"), "InvalidInput", nil),
        ("arn:aws:iam::aws:policy/NoSuchPolicy", "NoSuchEntity", nil),
        (String(repeating: "a", count: 19), "ValidationError", nil),
      ] as [(String, String, String?)] {
        for action in ["GetPolicy", "DeletePolicy", "ListPolicyVersions", "ListEntitiesForPolicy"] {
          let answer = await server.call(action, ["PolicyArn": text])
          #expect(answer.code == code, "\(action) \(text)")
          if let message { #expect(answer["Message"] == message) }
        }
      }
      for version in ["v2", "v01", "v0", "1", "v1.", "v1.x", "v99999999999999999999", "v1._"] {
        for action in ["GetPolicyVersion", "DeletePolicyVersion", "SetDefaultPolicyVersion"] {
          let answer = await server.call(action, ["PolicyArn": arn, "VersionId": version])
          let isShaped = ["v2", "v1.", "v1.x", "v99999999999999999999"].contains(version)
          #expect(answer.code == (isShaped ? "NoSuchEntity" : "ValidationError"), "\(action) \(version)")
          if isShaped {
            #expect(
              answer["Message"] == "Policy \(arn) version \(version) does not exist or is not attachable."
            )
          }
        }
      }
    }
  }

  @Test func `names, paths, documents and sizes are held to the model and the quotas`() async throws {
    try await TestServer.run { server in
      func create(_ more: KeyValuePairs<String, String>, _ text: String = document("Allow")) async -> Answer {
        await server.call("CreatePolicy", adding: ["PolicyDocument": text], to: more)
      }
      #expect(await create(["PolicyName": "Taken", "Path": "/a.b/c_d/"])["Path"] == "/a.b/c_d/")
      let taken = await create(["PolicyName": "tAKEN"])
      #expect(taken.code == "EntityAlreadyExists")
      #expect(taken["Message"] == "A policy called tAKEN already exists. Duplicate names are not allowed.")
      for path in ["a", "/a", "a/", "//", "/a//b/", "/a b/", "/!/", "/\u{FC}/"] {
        #expect(await create(["PolicyName": "p", "Path": path]).code == "ValidationError", "\(path)")
      }
      for name in ["", "a b", "a/b", String(repeating: "a", count: 129)] {
        #expect(await create(["PolicyName": name]).code == "ValidationError", "\(name)")
      }
      let long = String(repeating: "d", count: 1001)
      #expect(await create(["PolicyName": "p", "Description": long]).code == "ValidationError")
      #expect(
        await create([
          "PolicyName": "p", "Tags.member.1.Key": "k", "Tags.member.1.Value": "",
          "Tags.member.2.Key": "K", "Tags.member.2.Value": "",
        ]).code == "InvalidInput"
      )
      let old = document("Allow").replacing("2012-10-17", with: "2008-10-17")
      #expect(
        await create(["PolicyName": "p"], old)["Message"]
          == "Policy document must be version 2012-10-17 or greater."
      )
      #expect(await create(["PolicyName": "p"], "{").code == "MalformedPolicyDocument")
      #expect(await create(["PolicyName": "p"], "\u{100}").code == "ValidationError")

      let frame = document("Deny", "s3:x").utf8.count - 1
      let full = document("Deny", "s3:" + String(repeating: "x", count: 6144 - frame))
      #expect(full.utf8.count == 6144)
      let spaced = String(repeating: "\n", count: 30_720 - 6144) + full
      for (text, isFine) in [
        (full, true), (full.replacing("s3:", with: "s3:x"), false), (spaced, true), ("\n" + spaced, false),
      ] {
        let answer = await create(["PolicyName": "p\(text.utf8.count)"], text)
        #expect((answer.status == 200) == isFine, "\(text.utf8.count)")
        if !isFine {
          #expect(answer.code == "LimitExceeded")
          #expect(answer["Message"] == "Cannot exceed quota for PolicySize: 6144")
        }
      }
    }
  }

  @Test func `policies are tagged and judged by their tags`() async throws {
    try await TestServer.run { server in
      let arn = "arn:aws:iam::123456789012:policy/p"
      let tags: KeyValuePairs = ["Tags.member.1.Key": "team", "Tags.member.1.Value": "red"]
      let create: KeyValuePairs = ["PolicyName": "p", "PolicyDocument": document("Allow")]
      let alice = try await server.user("alice", policy: document("Allow", "iam:CreatePolicy"))
      #expect(
        await server.call("CreatePolicy", adding: tags, to: create, as: alice)["Message"]?.contains(
          "iam:TagPolicy on resource: \(arn)"
        ) == true
      )
      #expect(await server.call("CreatePolicy", adding: tags, to: create).all("Key") == ["team"])
      let red = #"""
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"},
        {"Effect":"Deny","Action":"iam:*","Resource":"*",
        "Condition":{"StringEquals":{"iam:ResourceTag/team":"red"}}}]}
        """#
      try await server.put(red, on: "alice")
      for action in ["GetPolicy", "DeletePolicy", "ListPolicyVersions", "ListEntitiesForPolicy"] {
        #expect(await server.call(action, ["PolicyArn": arn], as: alice).code == "AccessDenied")
      }
      let plain = try await server.managedPolicy("plain", document("Allow"))
      #expect(await server.call("GetPolicy", ["PolicyArn": plain], as: alice).status == 200)
    }
  }

  @Test func `lists are filtered by scope, use and path, and every entity is found once`() async throws {
    try await TestServer.run { server in
      let used = try await server.managedPolicy("used", document("Allow"))
      _ = try await server.managedPolicy("unused", document("Allow"))
      for number in 0..<3 { _ = try await server.user("user\(number)") }
      await server.done("CreateGroup", ["GroupName": "group", "Path": "/teams/"])
      try await server.storeRole("role", trust: trustOfNobody, policy: nil)
      await server.attach(used, to: UserRecord.self, "user0")
      await server.attach(used, to: UserRecord.self, "user0", as: .boundary)
      await server.attach(administrator, to: UserRecord.self, "user1")
      await server.attach(used, to: UserRecord.self, "user2", as: .boundary)
      await server.attach(used, to: GroupRecord.self, "group")
      await server.attach(used, to: RoleRecord.self, "role")

      func policies(_ parameters: KeyValuePairs<String, String>) async -> [String] {
        await server.call("ListPolicies", parameters).all("PolicyName")
      }
      let aws = AWSManagedPolicy.all.map(\.name)
      #expect(await policies([:]) == aws + ["unused", "used"])
      #expect(await policies(["Scope": "Local"]) == ["unused", "used"])
      #expect(await policies(["OnlyAttached": "true"]) == ["AdministratorAccess", "used"])
      #expect(await policies(["PolicyUsageFilter": "PermissionsBoundary"]) == ["used"])
      #expect(
        await policies(["PolicyUsageFilter": "PermissionsPolicy", "Scope": "AWS"]) == ["AdministratorAccess"]
      )
      #expect(await policies(["PathPrefix": "/x/"]).isEmpty)
      let get = await server.call("GetPolicy", ["PolicyArn": used])
      #expect(get["AttachmentCount"] == "3" && get["PermissionsBoundaryUsageCount"] == "2")

      var found: [String] = []
      var marker: String?
      repeat {
        let answer = await server.call(
          "ListPolicies",
          adding: ["MaxItems": "1"],
          to: marker.map { ["Marker": $0] } ?? [:]
        )
        found += answer.all("PolicyName")
        marker = answer["Marker"]
        #expect(answer["IsTruncated"] == (marker == nil ? "false" : "true"))
      } while marker != nil
      #expect(found == aws + ["unused", "used"])

      func entities(_ more: KeyValuePairs<String, String>) async -> [String] {
        let answer = await server.call("ListEntitiesForPolicy", adding: ["PolicyArn": used], to: more)
        return answer.all("GroupName") + answer.all("UserName") + answer.all("RoleName")
      }
      #expect(await entities([:]) == ["group", "user0", "user2", "role"])
      #expect(await entities(["EntityFilter": "User"]) == ["user0", "user2"])
      #expect(await entities(["EntityFilter": "AWSManagedPolicy"]).isEmpty)
      #expect(await entities(["PathPrefix": "/teams/"]) == ["group"])
      #expect(await entities(["PolicyUsageFilter": "PermissionsPolicy"]) == ["group", "user0", "role"])
      #expect(await entities(["PolicyUsageFilter": "PermissionsBoundary"]) == ["user0", "user2"])
      for marker in ["!", "AAAA", "MTAgeA", "LTEgeA"] {
        #expect(
          await server.call("ListEntitiesForPolicy", ["PolicyArn": used, "Marker": marker]).code
            == "ValidationError"
        )
        #expect(await server.call("ListPolicies", ["Marker": marker]).code == "ValidationError")
      }
    }
  }
}
