// SPDX-License-Identifier: Apache-2.0
//
// Instance profiles: one role each, and nobody puts one there who may not pass it on.

import Federation
import IdentityModel
import Testing

extension TestServer {
  fileprivate func profile(_ name: String, path: String = "/") async {
    let answer = await call("CreateInstanceProfile", ["InstanceProfileName": name, "Path": path])
    #expect(answer.status == 200, "\(answer.text)")
  }

  fileprivate func add(_ role: String, to profile: String, as keys: Keys = .root) async -> Answer {
    await call("AddRoleToInstanceProfile", ["InstanceProfileName": profile, "RoleName": role], as: keys)
  }

  fileprivate func remove(_ role: String, from profile: String) async -> Answer {
    await call("RemoveRoleFromInstanceProfile", ["InstanceProfileName": profile, "RoleName": role])
  }
}

@Suite struct InstanceProfileTests {
  @Test func `a profile is made, holds a role, and is empty again`() async throws {
    try await TestServer.run { server in
      await server.role("r", path: "/a/")
      let created = await server.call(
        "CreateInstanceProfile",
        [
          "InstanceProfileName": "p", "Path": "/b/", "Tags.member.1.Key": "k", "Tags.member.1.Value": "v",
        ]
      )
      #expect(created["Arn"] == "arn:aws:iam::123456789012:instance-profile/b/p")
      #expect(created["InstanceProfileId"]?.utf8.starts(with: "AIPA".utf8) == true)
      #expect(created["Tags"] != nil && created["RoleName"] == nil && created.text.contains("Roles"))
      #expect(await server.add("r", to: "p").status == 200)
      let found = await server.call("GetInstanceProfile", ["InstanceProfileName": "p"])
      #expect(found["InstanceProfileId"] == created["InstanceProfileId"])
      #expect(found["RoleName"] == "r" && found.text.contains("arn:aws:iam::123456789012:role/a/r"))
      #expect(found["AssumeRolePolicyDocument"].flatMap(percentDecoded) == trustOfService)
      #expect(found["Tags"] != nil)
      for (action, parameter) in [
        ("ListInstanceProfiles", "PathPrefix"), ("ListInstanceProfilesForRole", "RoleName"),
      ] {
        let list = await server.call(action, [parameter: parameter == "RoleName" ? "r" : "/b/"])
        #expect(list["InstanceProfileName"] == "p" && list["RoleName"] == "r" && list["Tags"] == nil)
        #expect(list["IsTruncated"] == "false")
      }
      #expect(await server.call("ListInstanceProfiles", ["PathPrefix": "/c/"])["InstanceProfileName"] == nil)
      let kept = await server.call("DeleteInstanceProfile", ["InstanceProfileName": "p"])
      #expect(kept.code == "DeleteConflict")
      #expect(kept["Message"] == "Cannot delete entity, must remove roles from instance profile first.")
      #expect(await server.call("DeleteRole", ["RoleName": "r"]).code == "DeleteConflict")
      #expect(await server.remove("r", from: "p").status == 200)
      #expect(
        await server.call("ListInstanceProfilesForRole", ["RoleName": "r"])["InstanceProfileName"] == nil
      )
      #expect(await server.call("GetInstanceProfile", ["InstanceProfileName": "p"])["RoleName"] == nil)
      #expect(await server.call("DeleteRole", ["RoleName": "r"]).status == 200)
      #expect(await server.call("DeleteInstanceProfile", ["InstanceProfileName": "p"]).status == 200)
      #expect(await server.call("GetInstanceProfile", ["InstanceProfileName": "p"]).code == "NoSuchEntity")
    }
  }

  @Test func `a profile holds one role, also when two come at once`() async throws {
    try await TestServer.run { server in
      await server.role("r")
      await server.role("s")
      await server.profile("p")
      server.sink.interfereOnce { #expect(await server.add("r", to: "p").status == 200) }
      for role in ["s", "r"] {
        let answer = await server.add(role, to: "p")
        #expect(answer.code == "LimitExceeded" && answer.status == 409)
        #expect(answer["Message"] == "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
      }
      #expect(
        await server.call("ListInstanceProfilesForRole", ["RoleName": "s"])["InstanceProfileName"] == nil
      )
    }
  }

  @Test func `a role may be in several profiles, page by page`() async throws {
    try await TestServer.run { server in
      await server.role("r")
      for name in ["b", "a", "c"] {
        await server.profile(name)
        #expect(await server.add("r", to: name).status == 200)
      }
      var names: [String] = []
      var marker: String?
      repeat {
        var form = [("RoleName", "r"), ("MaxItems", "1")]
        if let marker { form.append(("Marker", marker)) }
        let page = await server.call("ListInstanceProfilesForRole", form: form)
        names.append(try #require(page["InstanceProfileName"]))
        marker = page["Marker"]
      } while marker != nil
      #expect(names == ["a", "b", "c"])
    }
  }

  @Test func `what is not there is named`() async throws {
    try await TestServer.run { server in
      await server.role("r")
      await server.role("s")
      await server.profile("P")
      #expect(await server.add("r", to: "P").status == 200)
      for (answer, message) in [
        (await server.add("r", to: "p"), "Instance Profile p cannot be found."),
        (await server.remove("r", from: "p"), "Instance Profile p cannot be found."),
        (await server.add("ghost", to: "P"), "The role with name ghost cannot be found."),
        (await server.remove("ghost", from: "P"), "The role with name ghost cannot be found."),
        (await server.remove("s", from: "P"), "Role s in Instance Profile P cannot be found."),
        (
          await server.call("DeleteInstanceProfile", ["InstanceProfileName": "p"]),
          "Instance Profile p cannot be found."
        ),
      ] {
        #expect(answer.code == "NoSuchEntity" && answer["Message"] == message, "\(answer.text)")
      }
      let taken = await server.call("CreateInstanceProfile", ["InstanceProfileName": "p"])
      #expect(taken.code == "EntityAlreadyExists")
      #expect(taken["Message"] == "Instance Profile p already exists.")
    }
  }

  @Test func `whoever may not pass a role on does not put it into a profile`() async throws {
    try await TestServer.run { server in
      await server.role("plain")
      await server.role("admin")
      await server.profile("p")
      func policy(_ service: String) -> String {
        """
        {"Version":"2012-10-17","Statement":[
          {"Effect":"Allow","Action":"iam:AddRoleToInstanceProfile",
           "Resource":"arn:aws:iam::123456789012:instance-profile/*"},
          {"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::123456789012:role/plain",
           "Condition":{"StringEquals":{"iam:PassedToService":"\(service)"}}}]}
        """
      }
      let mallory = try await server.user("mallory", policy: policy("lambda.amazonaws.com"))
      #expect(await server.add("plain", to: "p", as: mallory).code == "AccessDenied")
      try await server.put(policy("ec2.amazonaws.com"), on: "mallory")
      let denied = await server.add("admin", to: "p", as: mallory)
      #expect(denied.code == "AccessDenied" && denied["Message"]?.contains("iam:PassRole") == true)
      #expect(await server.add("plain", to: "p", as: mallory).status == 200)
    }
  }

  @Test func `the role that is put in is the one that policy judged`() async throws {
    try await TestServer.run { server in
      await server.role("temp")
      await server.profile("p")
      let mallory = try await server.user(
        "mallory",
        policy: """
          {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"},
           {"Effect":"Deny","Action":"iam:PassRole","Resource":"arn:aws:iam::123456789012:role/admin/*"}]}
          """
      )
      server.sink.interfereOnce {
        #expect(await server.call("DeleteRole", ["RoleName": "temp"]).status == 200)
        await server.role("temp", path: "/admin/")
      }
      #expect(await server.add("temp", to: "p", as: mallory).code == "AccessDenied")
      #expect(await server.call("GetInstanceProfile", ["InstanceProfileName": "p"])["RoleName"] == nil)
    }
  }

  @Test func `an account has a thousand profiles and no more`() async throws {
    try await TestServer.run { server in
      for number in 0..<1000 { await server.profile("p\(number)") }
      let answer = await server.call("CreateInstanceProfile", ["InstanceProfileName": "more"])
      #expect(answer.code == "LimitExceeded")
      #expect(answer["Message"] == "Cannot exceed quota for InstanceProfilesPerAccount: 1000")
    }
  }
}
